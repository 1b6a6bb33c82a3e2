"""A network between a worker and its database that can be cut without a word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import pytest

_CHUNK = 65_536


class Network:
    """Passes TCP connections on to a PostgreSQL server, but for the time it is cut.

    What is sent while it is cut arrives after it was healed, as with lost packets that are sent again;
    `heal(forgetting=True)` has them lost for good: the connections of before end without a word.
    Nobody is told of either.
    """

    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self._host = parts.hostname or given["host"]
        self._port = parts.port or int(given.get("port", 5432))
        self._dsn = parts
        self._passing = asyncio.Event()
        self._passing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)

    @property
    def dsn(self) -> str:
        """The database's address through this network."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"postgresql://{self._dsn.username or 'postgres'}@127.0.0.1:{port}{self._dsn.path}"

    def cut(self) -> None:
        """From now on nothing passes, in either direction; new connections are answered by nobody."""
        self._passing.clear()

    async def heal(self, *, forgetting: bool = False) -> None:
        """Lets everything pass again."""
        if forgetting:
            await self._end_all()
        self._passing.set()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._end_all()

    async def _end_all(self) -> None:
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._begin(self._connect(reader, writer))

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        await self._passing.wait()
        with suppress(OSError):
            if self._host.startswith("/"):
                up, down = await asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._port}")
            else:
                up, down = await asyncio.open_connection(self._host, self._port)
            self._writers.add(down)
            self._begin(self._pass(reader, down))
            self._begin(self._pass(up, writer))

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(_CHUNK):
                await self._passing.wait()
                sink.write(data)
                await sink.drain()
        await self._passing.wait()  # that an end has hung up is not told either
        sink.close()

    def _begin(self, coroutine) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@pytest.fixture
async def network(database: str) -> AsyncIterator[Network]:
    """A network between the test's database and whoever uses its address."""
    network = Network(database)
    await network.start()
    yield network
    await network.stop()
