"""Where the database is: the address given, the environment's, or an embedded server's."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

ENVIRONMENT = "HEADRACE_DATABASE_URL"
DIRECT_ENVIRONMENT = "HEADRACE_DIRECT_DATABASE_URL"
FOLDER = Path(".headrace")


def say_on_stderr(line: str) -> None:
    """Writes a line where it is in no result's way."""
    sys.stderr.write(f"{line}\n")


def direct_address(
    direct: str | None, *, given: str | None, environment: Mapping[str, str] | None = None
) -> str | None:
    """The address that reaches PostgreSQL past a pooler, where one is known: `direct`, or the environment's.

    The environment's stands for the same database as its HEADRACE_DATABASE_URL, so it counts for nothing
    where another address is `given`.
    """
    if direct or given:
        return direct
    return (os.environ if environment is None else environment).get(DIRECT_ENVIRONMENT) or None


@asynccontextmanager
async def database_address(
    given: str | None,
    *,
    say: Callable[[str], None],
    environment: Mapping[str, str] | None = None,
    folder: Path = FOLDER,
) -> AsyncGenerator[str]:
    """Yields the DSN to use; an embedded server runs at least as long as the block.

    In order: `given`, the environment's HEADRACE_DATABASE_URL, a PostgreSQL of one's own in `folder`
    (and `say` is told). Raises EmbeddedServerError where that one cannot be started.
    """
    address = given or (os.environ if environment is None else environment).get(ENVIRONMENT)
    if address:
        yield address
        return
    from headrace.db.embedded import EmbeddedServer  # noqa: PLC0415 - an extra that a server's users need not have

    server = EmbeddedServer(folder, say=say)
    dsn = await asyncio.to_thread(server.start)
    try:
        yield dsn
    finally:
        await asyncio.to_thread(server.stop)
