"""Drain under a burden: a snapshot held open all the while, or a million jobs that wait; beside a drain without it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta

import asyncpg

from bench.app import make_app
from bench.contest import Contest, Contestant, Round, Wanted
from bench.stage import Stage
from bench.workloads.drain import Drain
from headrace.db.statements import statement
from headrace.jobs.job import Priority

_EVENNESS_WANTED = 0.9
_FULL, _QUICK = 200_000, 5_000
_BACKLOG_CHUNK = 100_000


def under_snapshot(workers: int) -> Callable[[Stage], AbstractAsyncContextManager[Contest]]:
    """A REPEATABLE READ snapshot taken before the jobs are stored is held."""
    return lambda stage: _under_snapshot(stage, workers=workers)


def behind_lower(workers: int) -> Callable[[Stage], AbstractAsyncContextManager[Contest]]:
    """A million jobs of lower priority are due as well."""
    return lambda stage: _with_backlog(
        stage,
        workers=workers,
        name="lower",
        title="1M of lower priority",
        priority=Priority.LOW,
        delay=timedelta(0),
    )


def before_future(workers: int) -> Callable[[Stage], AbstractAsyncContextManager[Contest]]:
    """A million jobs of the same priority are due tomorrow."""
    return lambda stage: _with_backlog(
        stage,
        workers=workers,
        name="future",
        title="1M due tomorrow",
        priority=Priority.NORMAL,
        delay=timedelta(days=1),
    )


@asynccontextmanager
async def _under_snapshot(stage: Stage, *, workers: int) -> AsyncIterator[Contest]:
    count = stage.pick(_FULL, _QUICK)
    async with AsyncExitStack() as exits:
        drain, dsn = await _prepared(exits, stage, workers=workers)

        async def held() -> Round:
            holder = await asyncpg.connect(dsn)
            try:
                async with holder.transaction(isolation="repeatable_read"):
                    await holder.fetchval("SELECT count(*) FROM headrace.worker")
                    return await drain.by_engine(count)
            finally:
                await holder.close()

        yield Contest(
            name=f"drain-{workers}-snapshot",
            title=f"drain under a held snapshot, {_processes(workers)}",
            measure="rate",
            unit="jobs/s",
            rounds=stage.pick(2, 1),
            wanted=Wanted(evenness=_EVENNESS_WANTED),
            contestants=(
                Contestant("headrace, snapshot held", held),
                Contestant("headrace without", lambda: drain.by_engine(count)),
            ),
        )


@asynccontextmanager
async def _with_backlog(
    stage: Stage, *, workers: int, name: str, title: str, priority: Priority, delay: timedelta
) -> AsyncIterator[Contest]:
    count, waiting = stage.pick(_FULL, _QUICK), stage.pick(1_000_000, 10_000)
    async with AsyncExitStack() as exits:
        burdened, dsn = await _prepared(exits, stage, workers=workers, keeps_backlog=True)
        free, _ = await _prepared(exits, stage, workers=workers)
        session = await asyncpg.connect(dsn)
        exits.push_async_callback(session.close)
        for start in range(0, waiting, _BACKLOG_CHUNK):
            size = min(_BACKLOG_CHUNK, waiting - start)
            await session.execute(statement("bench", "fill_backlog"), size, int(priority), delay)
        await session.execute(statement("bench", "vacuum_jobs"))
        yield Contest(
            name=f"drain-{workers}-{name}",
            title=f"drain with {_processes(workers)}, {title}",
            measure="rate",
            unit="jobs/s",
            rounds=stage.pick(2, 1),
            wanted=Wanted(evenness=_EVENNESS_WANTED),
            contestants=(
                Contestant("headrace, others waiting", lambda: burdened.by_engine(count)),
                Contestant("headrace alone", lambda: free.by_engine(count)),
            ),
        )


async def _prepared(
    exits: AsyncExitStack, stage: Stage, *, workers: int, keeps_backlog: bool = False
) -> tuple[Drain, str]:
    dsn = await exits.enter_async_context(stage.database())
    app = await exits.enter_async_context(make_app(dsn))
    session = await asyncpg.connect(dsn)
    exits.push_async_callback(session.close)
    return Drain(dsn, app, session, workers, keeps_backlog), dsn


def _processes(count: int) -> str:
    return f"{count} worker process{'es' if count > 1 else ''}"
