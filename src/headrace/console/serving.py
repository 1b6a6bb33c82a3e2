"""Serves the console by itself, by uvicorn."""

import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from headrace.app import Headrace
from headrace.console.application import create_console
from headrace.console.local import local_operator
from headrace.errors import ConfigurationError

_GRACE_SECONDS = 2
_LOCAL = ("127.0.0.1", "::1", "localhost")
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class _Server(uvicorn.Server):
    """A server that says when it is up, and that has ended well when it was told to stop."""

    def __init__(self, config: uvicorn.Config, *, up: Callable[[], None]) -> None:
        super().__init__(config)
        self._up = up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._up()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # When all is done uvicorn raises again what it has heard, as if that were an error; that meets a handler with
        # nothing left to do.
        before = {number: signal.signal(number, _done) for number in _SIGNALS}
        try:
            with super().capture_signals():
                yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


async def serve(app: Headrace, *, host: str, port: int, root_path: str = "", up: Callable[[], None]) -> None:
    """Serves the console of an app until SIGTERM or Ctrl-C; nobody logs in where only this machine can reach it.

    `up` is called once it answers. Raises ConfigurationError where the port cannot be had.
    """
    console = create_console(app, authenticate=local_operator if host in _LOCAL else None)
    config = uvicorn.Config(
        console,
        root_path=root_path,
        log_level="warning",
        timeout_graceful_shutdown=_GRACE_SECONDS,
        server_header=False,
    )
    with _listening(host, port) as listener:
        await _Server(config, up=up).serve(sockets=[listener])


@contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(
            f"the console cannot listen on {host} port {port}: {error.strerror or error}; choose another with --port"
        ) from error
    with listener:
        yield listener


def _done(_number: int, _frame: FrameType | None) -> None:
    """Nothing is left to do."""
