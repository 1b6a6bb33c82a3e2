"""An ASGI app on a port of the loopback interface, in a thread of its own."""

import socket
from collections.abc import Generator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

import uvicorn
from starlette.types import ASGIApp

_SECONDS_TO_START: Final = 10.0
_SECONDS_TO_STOP: Final = 5


@contextmanager
def served(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> Generator[str]:
    """Serves `app` for a block and yields its address, such as `http://127.0.0.1:40123`; port 0 takes a free one.

    The app runs on an event loop in a thread, so that blocking code and processes can be its clients.
    Connections still open at the end are given a moment, then closed. OSError where the port is taken.
    """
    with _listening(host, port) as listener:
        server = _Server(_config(app))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True)
        thread.start()
        try:
            if not server.is_up.wait(_SECONDS_TO_START):
                raise TimeoutError(f"the sandbox did not start within {_SECONDS_TO_START:g} s; look for its errors")
            yield f"http://{host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(2 * _SECONDS_TO_STOP)


class _Server(uvicorn.Server):
    """A server that says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()


def _config(app: ASGIApp) -> uvicorn.Config:
    # Connections that are cut on purpose are errors to uvicorn: it says nothing but what is critical.
    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        log_level="critical",
        server_header=False,
        timeout_graceful_shutdown=_SECONDS_TO_STOP,
        timeout_keep_alive=60,
        ws="none",
    )


@contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
        yield listener
    finally:
        listener.close()
