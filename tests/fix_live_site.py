"""A live endpoint served over real HTTP, here or by a process of its own, and its clients of either kind."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fix_apps import APPS, eventually, send
from fix_events import ContactCreated, NoteTaken
from fix_socket import SERVED, Socket, open_socket
from fix_sse import Client, ask, served
from headrace import Headrace, LiveFilter
from headrace.web import LiveEndpoint, LiveRequest


async def everything(_request: LiveRequest) -> LiveFilter:
    return LiveFilter()


class Site:
    """A live endpoint, and the app whose events it shows."""

    def __init__(self, app: Headrace, endpoint: LiveEndpoint, port: int) -> None:
        self.app = app
        self.endpoint = endpoint
        self.port = port
        self.clients: list[Client | Socket] = []

    async def ask(self, **options: Any) -> Client:
        """A client of server-sent events, closed with the site."""
        self.clients.append(client := await ask(self.port, **options))
        return client

    async def open(self, **options: Any) -> Socket:
        """A client over a WebSocket, closed with the site."""
        self.clients.append(opened := await open_socket(self.port, **options))
        return opened

    async def refused(self, **options: Any) -> tuple[int, str]:
        """The status and the reason with which a socket is refused."""
        websockets = pytest.importorskip("websockets")
        with pytest.raises(websockets.exceptions.InvalidStatus) as caught:
            await self.open(**options)
        return caught.value.response.status_code, json.loads(caught.value.response.body)["detail"]

    async def note(self, *texts: str) -> list[int]:
        """Appends notes; their positions, once they can be read."""
        before = await self.app.position()
        async with self.app.transaction() as tx:
            for text in texts:
                await tx.append(NoteTaken(text))
        found: list[int] = []

        async def is_there() -> bool:
            found[:] = [event.position async for event in self.app.read(after=before)]
            return len(found) == len(texts)

        await eventually(is_there)
        return found


@asynccontextmanager
async def site(app: Headrace, *, authorize: Any = everything, **options: Any) -> AsyncIterator[Site]:
    """An endpoint for an app that is open, served in this process; its clients are closed at the end."""
    app.register(NoteTaken, ContactCreated)
    endpoint = LiveEndpoint(app, authorize=authorize, **options)
    async with served(endpoint, **SERVED) as port:
        running = Site(app, endpoint, port)
        try:
            yield running
        finally:
            for client in running.clients:
                await client.close()


@asynccontextmanager
async def live_process(
    database: str, *options: str, sent_bytes: int | None = None
) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A process of uvicorn that serves live events, and its port; `options` are uvicorn's.

    With `sent_bytes` the system holds so much at most for a client that reads nothing.
    """
    with socket.socket() as sock:
        if sent_bytes is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sent_bytes)
        sock.bind(("127.0.0.1", 0))
        sock.listen(1024)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "uvicorn", "--fd", str(sock.fileno()), "--no-access-log", *options, "watched:live"),
            cwd=APPS,
            pass_fds=[sock.fileno()],
            env={
                **os.environ,
                "HEADRACE_DATABASE_URL": database,
                "PYTHONPATH": os.pathsep.join((str(APPS), str(Path(__file__).parent))),
            },
            stderr=asyncio.subprocess.DEVNULL,
        )
        port = sock.getsockname()[1]
        try:
            yield process, port
        finally:
            if process.returncode is None:
                send(process, signal.SIGKILL)
            await process.wait()
