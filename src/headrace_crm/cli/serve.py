"""`crm serve`: the CRM over HTTP."""

import os
from typing import Annotated

import typer

from headrace.terminal import run
from headrace_crm.cli.session import Choice, opened, say
from headrace_crm.config import Settings
from headrace_crm.web import create_web
from headrace_crm.web.serving import serve as serve_asgi


def serve(
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 for a free one.")] = 8080,
) -> None:
    """Serves accounts, the pushes of Gmail and Clearbit, and a health check over HTTP, until it is stopped."""
    run(_serve(context.obj, host, port))


async def _serve(choice: Choice, host: str, port: int) -> None:
    settings = Settings.from_environment(os.environ)
    async with opened(choice) as app:
        await serve_asgi(create_web(app, settings), host=host, port=port, say=say)
