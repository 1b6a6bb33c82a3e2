"""Serves the console by itself, by uvicorn."""

import uvicorn

from headrace.app import Headrace
from headrace.console.application import create_console
from headrace.console.local import local_operator

_GRACE_SECONDS = 2
_LOCAL = ("127.0.0.1", "::1", "localhost")


async def serve(app: Headrace, *, host: str, port: int, root_path: str = "") -> None:
    """Serves the console of an app until SIGTERM or Ctrl-C; nobody logs in where only this machine can reach it."""
    console = create_console(app, authenticate=local_operator if host in _LOCAL else None)
    config = uvicorn.Config(
        console,
        host=host,
        port=port,
        root_path=root_path,
        log_level="warning",
        timeout_graceful_shutdown=_GRACE_SECONDS,
        server_header=False,
    )
    await uvicorn.Server(config).serve()
