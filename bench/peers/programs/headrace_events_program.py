"""Headrace as an event store, by the same commands as its peers, from one event loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import msgspec
from event_protocol import NOTE, PAGE, STREAMS, USER, main, require_all

from headrace import Headrace, PastEvent, Stream, event
from headrace.events.head import Head
from headrace.events.read import head_position


@event("bench.happened")
class Happened(msgspec.Struct, frozen=True):
    number: int
    user: str
    note: str


class HeadraceStore:
    def __init__(self, dsn: str, connections: int) -> None:
        self._dsn = dsn
        self._connections = connections

    def install(self) -> None:
        asyncio.run(self._install())

    def append(self, count: int, writers: int) -> float:
        return asyncio.run(self._append(count, writers))

    def fill(self, count: int) -> None:
        asyncio.run(self._fill(count))

    def read(self, count: int) -> float:
        return asyncio.run(self._read(count))

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Headrace]:
        app = Headrace(self._dsn, name="bench", pool_size=self._connections, say=lambda _: None)
        app.register(Happened)
        async with app:
            yield app

    async def _install(self) -> None:
        async with self._opened():
            """Opening the app has done it."""

    async def _append(self, count: int, writers: int) -> float:
        async with self._opened() as app:

            async def write(which: int, some: int) -> None:
                for number in range(some):
                    await app.append(
                        Happened(number, USER, NOTE), stream=Stream("bench", f"{which}-{number % STREAMS}")
                    )

            await asyncio.gather(*(write(which, 3) for which in range(writers)))
            started = time.perf_counter()
            await asyncio.gather(*(write(which, count // writers) for which in range(writers)))
            return time.perf_counter() - started

    async def _fill(self, count: int) -> None:
        async with self._opened() as app:
            await app.import_events(
                PastEvent(data=Happened(number, USER, NOTE), stream=Stream("bench", str(number % STREAMS)))
                for number in range(count)
            )
            head = Head(app.pool, telemetry=app.telemetry)
            head.start()
            try:
                while await head_position(app.pool) < count:  # noqa: ASYNC110 - the head is in the database
                    await asyncio.sleep(0.02)
            finally:
                await head.stop()

    async def _read(self, count: int) -> float:
        async with self._opened() as app:
            started = time.perf_counter()
            seen = 0
            async for one in app.read(batch=PAGE):
                seen += isinstance(one.data, Happened)
            seconds = time.perf_counter() - started
        require_all(seen, count)
        return seconds


@contextmanager
def opened(dsn: str, connections: int) -> Iterator[HeadraceStore]:
    yield HeadraceStore(dsn, connections)


if __name__ == "__main__":
    main(opened)
