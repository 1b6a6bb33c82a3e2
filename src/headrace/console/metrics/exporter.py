"""Serves metrics and health beside a worker, in its own event loop: one that hangs is seen to hang."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

from headrace.app import Headrace
from headrace.console.metrics.health import Check, health_routes
from headrace.console.metrics.metrics import Metrics, metrics_route
from headrace.errors import ConfigurationError


class _Server(uvicorn.Server):
    """A server that leaves signals to the program it runs in."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@asynccontextmanager
async def exporting(
    app: Headrace,
    *,
    host: str = "127.0.0.1",
    port: int,
    checks: Sequence[tuple[str, Check]] = (),
    has_state: bool = False,
) -> AsyncGenerator[int]:
    """Serves `/metrics` and `/health` for a block; the port, a free one for 0.

    A worker tells what it did, not how the database stands, which is the same for all of them: `has_state` adds it,
    where no console does. Raises ConfigurationError where the port cannot be had.
    """
    site = Starlette(routes=[metrics_route(Metrics(app, has_state=has_state)), *health_routes(app, checks=checks)])
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigurationError(f"metrics cannot be served at {host}:{port}: {error}; choose another port") from error
    server = _Server(uvicorn.Config(site, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.wait({serving})
        listening.close()
