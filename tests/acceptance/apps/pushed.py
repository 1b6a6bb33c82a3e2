"""The CRM's web application on a free port, as a process of its own: what `crm serve` runs, with a sync to enqueue."""

import asyncio
import os
import sys

from headrace_crm.accounts.push_intake import SYNC_KIND
from headrace_crm.app import create_app
from headrace_crm.config import Settings
from headrace_crm.web import create_web
from headrace_crm.web.serving import serve


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main() -> None:
    settings = Settings.from_environment(os.environ)
    app = create_app(settings=settings)
    if SYNC_KIND not in app.kinds.names():
        app.declare(SYNC_KIND)
    async with app:
        await serve(create_web(app, settings), host="127.0.0.1", port=0, say=say)


if __name__ == "__main__":
    asyncio.run(main())
