"""Serves an ASGI application on a socket of ours, until it is told to stop."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from headrace_crm.errors import CrmError

_SECONDS_TO_STOP: Final = 10
_BACKLOG: Final = 2048
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class AddressTakenError(CrmError):
    """The address to serve on cannot be had."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host} port {port}: {reason}; choose another with --host and --port")
        self.host = host
        self.port = port


class Server(uvicorn.Server):
    """A server at `url` that hears no signals: uvicorn raises them again when it has stopped, as if that were an error.

    Open requests have 10 seconds to end. No access log is written: the addresses of sign-ins have codes in them.
    """

    def __init__(self, asgi: ASGIApp, *, url: str) -> None:
        super().__init__(
            uvicorn.Config(
                asgi,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="on",
                timeout_graceful_shutdown=_SECONDS_TO_STOP,
            )
        )
        self.url = url
        self._is_up = asyncio.Event()

    def stop(self) -> None:
        """Lets open requests end; the second time nobody waits for them."""
        self.force_exit = self.should_exit
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self._is_up.set()

    async def up(self) -> None:
        """Returns when it answers, or has failed to."""
        await self._is_up.wait()


@asynccontextmanager
async def serving(asgi: ASGIApp, *, host: str, port: int) -> AsyncGenerator[tuple[Server, asyncio.Task[None]]]:
    """Serves for a block, on `port` or a free one for 0; the server, and the task that ends when it has stopped.

    Raises AddressTakenError, and CrmError where the application does not start.
    """
    with _bound(host, port) as bound:
        shown = f"[{host}]" if ":" in host else host
        server = Server(asgi, url=f"http://{shown}:{bound.getsockname()[1]}")
        task = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            await server.up()
            if not server.started:
                raise CrmError("the application did not start; its log says why")
            yield server, task
        finally:
            server.should_exit = True
            await task


async def serve(asgi: ASGIApp, *, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT, and at a second one stops at once; `say` is told the address."""
    loop = asyncio.get_running_loop()
    async with serving(asgi, host=host, port=port) as (server, task):
        for number in _SIGNALS:
            loop.add_signal_handler(number, server.stop)
        say(f"serving on {server.url}; stop with Ctrl-C")
        try:
            await task
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        # Its own words repeat the address.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise AddressTakenError(host, port, reason) from error
