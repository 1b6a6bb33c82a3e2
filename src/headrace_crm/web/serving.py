"""Serves an ASGI application until a signal comes."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from headrace_crm.errors import CrmError

_SECONDS_TO_STOP: Final = 10
_BACKLOG: Final = 2048


class AddressTakenError(CrmError):
    """The address to serve on cannot be had."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host} port {port}: {reason}; choose another with --host and --port")
        self.host = host
        self.port = port


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn raises them again when it has stopped, as if the stop had been an accident."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        for number in numbers:
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        # The second time somebody does not want to wait for open requests.
        self.force_exit = self.should_exit
        self.should_exit = True


async def serve(asgi: ASGIApp, *, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serves on `host` and `port`, 0 for a free one, until SIGTERM or SIGINT; `say` is told the address.

    Open requests have 10 seconds to end, none after a second signal. No access log is written: the addresses of
    sign-ins have codes in them. Raises AddressTakenError.
    """
    bound = _bound(host, port)
    config = uvicorn.Config(
        asgi,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=_SECONDS_TO_STOP,
    )
    shown = f"[{host}]" if ":" in host else host
    with bound:
        say(f"serving on http://{shown}:{bound.getsockname()[1]}; stop with Ctrl-C")
        await _Server(config).serve(sockets=[bound])


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        # Its own words repeat the address.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise AddressTakenError(host, port, reason) from error
