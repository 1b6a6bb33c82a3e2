"""Headrace beside other job queues: the same work, by each one's own API, on the same server in the same run."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import MappingProxyType

import asyncpg

from bench.contest import Contest, Contestant, Measure, Round
from bench.peers.drain import drain, latencies
from bench.peers.peer import Peer, known_peers
from bench.stage import Stage

Run = Callable[[Peer, str], Awaitable[Round | Sequence[float]]]

_GAP_MILLISECONDS = 50


def peers_that_run(stage: Stage) -> list[Peer]:
    """Those that are installed, Headrace first."""
    return [peer for peer in known_peers(is_quick=stage.is_quick) if peer.missing is None]


def bulk(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """Each peer's bulk call, 5,000 jobs at a time."""

    async def run(peer: Peer, dsn: str) -> Sequence[float]:
        return [peer.stored / float(await peer.call(dsn, "many", peer.stored))]

    return _contest(stage, "peers-bulk", "peers: enqueue in bulk", run)


def single(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """One job after the other, each committed before the next."""
    return _single(stage, tasks=1, count=stage.pick(1_500, 50))


def single_by_eight(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """The same from eight tasks at once."""
    return _single(stage, tasks=8, count=stage.pick(4_000, 80))


def latency(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """A job every 50 ms to an idle worker."""

    async def run(peer: Peer, dsn: str) -> Sequence[float]:
        return await latencies(peer, dsn, count=stage.pick(105, 15), gap_milliseconds=_GAP_MILLISECONDS)

    return _contest(stage, "peers-latency", "peers: enqueue to start, idle worker", run, measure="latency", unit="ms")


def drain_by_one(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """One worker process each."""
    return _drained(stage, workers=1)


def drain_by_two(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """Two worker processes each."""
    return _drained(stage, workers=2)


def drain_under_snapshot(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """One worker process each, while a session holds a REPEATABLE READ snapshot."""

    async def run(peer: Peer, dsn: str) -> Round:
        holding = await asyncpg.connect(dsn)
        try:
            return await drain(peer, dsn, workers=1, holding=holding)
        finally:
            await holding.close()

    return _contest(stage, "peers-drain-snapshot", "peers: drain under a held snapshot", run)


def drain_before_future(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """One worker process each, while a million jobs are due tomorrow."""

    async def run(peer: Peer, dsn: str) -> Round:
        return await drain(peer, dsn, workers=1)

    async def prepare(peer: Peer, dsn: str, session: asyncpg.Connection) -> None:
        await peer.call(dsn, "later", stage.pick(1_000_000, 5_000))
        await session.execute("VACUUM (ANALYZE)")

    return _contest(stage, "peers-drain-future", "peers: drain with 1M due tomorrow", run, prepare=prepare)


def _single(stage: Stage, *, tasks: int, count: int) -> AbstractAsyncContextManager[Contest]:
    async def run(peer: Peer, dsn: str) -> Sequence[float]:
        return [count / float(await peer.call(dsn, "single", count, tasks))]

    return _contest(stage, f"peers-enqueue-{tasks}", f"peers: enqueue {tasks} at a time", run)


def _drained(stage: Stage, *, workers: int) -> AbstractAsyncContextManager[Contest]:
    async def run(peer: Peer, dsn: str) -> Round:
        return await drain(peer, dsn, workers=workers)

    title = f"peers: drain with {workers} worker process{'es' if workers > 1 else ''}"
    return _contest(stage, f"peers-drain-{workers}", title, run)


Prepare = Callable[[Peer, str, asyncpg.Connection], Awaitable[None]]


@asynccontextmanager
async def _contest(
    stage: Stage,
    name: str,
    title: str,
    run: Run,
    *,
    measure: Measure = "rate",
    unit: str = "jobs/s",
    prepare: Prepare | None = None,
) -> AsyncIterator[Contest]:
    """Each peer in a database of its own for every round, so that none meets what an earlier round has left."""

    async def fresh(peer: Peer) -> Round | Sequence[float]:
        async with stage.database() as dsn, AsyncExitStack() as exits:
            await peer.call(dsn, "install")
            session = await asyncpg.connect(dsn)
            exits.push_async_callback(session.close)
            if prepare is None:
                await session.execute("VACUUM (ANALYZE)")
            else:
                await prepare(peer, dsn, session)
            return await run(peer, dsn)

    yield Contest(
        name=name,
        title=title,
        measure=measure,
        unit=unit,
        rounds=stage.pick(1 if prepare is not None else 3, 1),
        contestants=tuple(Contestant(peer.name, lambda chosen=peer: fresh(chosen)) for peer in peers_that_run(stage)),
    )


PEER_WORKLOADS: Mapping[str, Callable[[Stage], AbstractAsyncContextManager[Contest]]] = MappingProxyType(
    {
        "peers-enqueue-1": single,
        "peers-enqueue-8": single_by_eight,
        "peers-bulk": bulk,
        "peers-drain-1": drain_by_one,
        "peers-drain-2": drain_by_two,
        "peers-drain-snapshot": drain_under_snapshot,
        "peers-drain-future": drain_before_future,
        "peers-latency": latency,
    }
)
