"""Headrace beside another event store: the same events, by each one's own API, on the same server in the same run."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import MappingProxyType

import asyncpg

from bench.contest import Contest, Contestant
from bench.peers.peer import Peer, known_event_stores
from bench.stage import Stage

Run = Callable[[Peer, str], Awaitable[Sequence[float]]]


def append_by_one(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """One event after the other, each committed before the next."""
    return _appended(stage, writers=1, count=stage.pick(1_500, 50))


def append_by_eight(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """The same from eight writers at once."""
    return _appended(stage, writers=8, count=stage.pick(4_000, 80))


def read(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """The whole log as typed events, a thousand at a time."""

    async def run(store: Peer, dsn: str) -> Sequence[float]:
        return [store.stored / float(await store.call(dsn, "read", store.stored))]

    return _contest(stage, "peers-event-read", "peers: read the log", run)


def _appended(stage: Stage, *, writers: int, count: int) -> AbstractAsyncContextManager[Contest]:
    async def run(store: Peer, dsn: str) -> Sequence[float]:
        return [count / float(await store.call(dsn, "append", count, writers))]

    return _contest(stage, f"peers-append-{writers}", f"peers: append to streams, {writers} at a time", run)


@asynccontextmanager
async def _contest(stage: Stage, name: str, title: str, run: Run) -> AsyncIterator[Contest]:
    """Each in a database of its own for every round."""

    async def fresh(store: Peer) -> Sequence[float]:
        async with stage.database() as dsn:
            await store.call(dsn, "install")
            session = await asyncpg.connect(dsn)
            try:
                await session.execute("VACUUM (ANALYZE)")
            finally:
                await session.close()
            return await run(store, dsn)

    stores = [store for store in known_event_stores(is_quick=stage.is_quick) if store.missing is None]
    yield Contest(
        name=name,
        title=title,
        measure="rate",
        unit="events/s",
        rounds=stage.pick(3, 1),
        contestants=tuple(Contestant(store.name, lambda chosen=store: fresh(chosen)) for store in stores),
    )


EVENT_PEER_WORKLOADS: Mapping[str, Callable[[Stage], AbstractAsyncContextManager[Contest]]] = MappingProxyType(
    {"peers-append-1": append_by_one, "peers-append-8": append_by_eight, "peers-event-read": read}
)
