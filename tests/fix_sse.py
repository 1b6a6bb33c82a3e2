"""A client of server-sent events, and an application served over real HTTP on loopback."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn


@dataclass(frozen=True)
class Received:
    """One event as a browser would dispatch it."""

    id: str
    name: str
    data: Any


@dataclass
class Client:
    """An open response. `last_id` is what a browser would send as Last-Event-ID when it comes again."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    status: int
    headers: dict[str, str]
    last_id: str = ""
    comments: int = 0
    retry: int | None = None
    lines: list[str] = field(default_factory=list)

    async def next(self) -> Received | None:
        """The next event; None at the end of the stream."""
        name, data = "", None
        while raw := await self.reader.readline():
            if not raw.endswith(b"\n"):
                return None
            line = raw[:-1].decode()
            word, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match word:
                case "id":
                    self.last_id = value
                case "event":
                    name = value
                case "data":
                    data = json.loads(value)
                case "retry":
                    self.retry = int(value)
                case "":
                    if line:
                        self.comments += 1
                    elif data is not None:
                        return Received(self.last_id, name, data)
        return None

    async def positions(self, count: int) -> list[int]:
        """The positions of the next so many events."""
        found: list[int] = []
        while len(found) < count:
            event = await self.next()
            assert event is not None, f"the stream ended after {found}"
            assert event.name != "dropped", f"dropped after {found}: {event.data}"
            found.append(int(event.id))
        return found

    async def rest(self) -> bytes:
        return await self.reader.read()

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


async def ask(
    port: int,
    path: str = "/",
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    is_narrow: bool = False,
    **query: Any,
) -> Client:
    """Sends a request and reads the head of its response; a narrow client holds next to nothing it has not read."""
    sock = socket.socket()
    if is_narrow:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=2**14 if is_narrow else 2**20)
    target = f"{path}?{urlencode(query, doseq=True)}" if query else path
    # HTTP/1.0: the body then comes as it is, without chunks.
    head = [f"{method} {target} HTTP/1.0", *(f"{name}: {value}" for name, value in (headers or {}).items()), "", ""]
    writer.write("\r\n".join(head).encode())
    status = int((await reader.readline()).split()[1])
    found: dict[str, str] = {}
    while line := (await reader.readline()).decode().strip():
        name, _, value = line.partition(": ")
        found[name.lower()] = value
    return Client(reader, writer, status, found)


class Server(uvicorn.Server):
    """A server that tells when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()


@asynccontextmanager
async def served(app: Any, **options: Any) -> AsyncIterator[int]:
    """The port an ASGI application is served on by uvicorn, in this event loop, for a block."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)  # so that a client soon holds up what it does not read
    sock.bind(("127.0.0.1", 0))
    server = Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=2, **options))
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    up = asyncio.create_task(server.is_up.wait())
    try:
        await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
        assert server.started, "the server has not started"
        yield sock.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
        up.cancel()
        sock.close()


Ask = Callable[..., Awaitable[Client]]


@pytest.fixture
async def asking() -> AsyncIterator[Ask]:
    """`ask`, whose clients are closed after the test."""
    clients: list[Client] = []

    async def keep(port: int, **options: Any) -> Client:
        clients.append(client := await ask(port, **options))
        return client

    yield keep
    for client in clients:
        await client.close()
