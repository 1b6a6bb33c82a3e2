"""Drain no-op jobs with worker processes, beside as many processes that work in the sketch's way."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import asyncpg
import msgspec

from bench.app import Errand, make_app
from bench.contest import EVENNESS, Contest, Contestant, Round, Wanted
from bench.stage import Stage
from bench.workers import WorkerProcess, engine_command, sketch_command, worker_processes
from headrace import Headrace, uuid7
from headrace.db.statements import statement

CHUNK = 10_000
_LOOK_SECONDS = 0.25
_IDLE_POLL_SECONDS = 0.02
_RATIO_WANTED = 20
_EVENNESS_WANTED = 0.9


def drain_by_one(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """One process each."""
    return _drain(stage, workers=1, wanted=Wanted(ratio=_RATIO_WANTED, evenness=_EVENNESS_WANTED))


def drain_by_two(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """Two processes each."""
    return _drain(stage, workers=2, wanted=Wanted(evenness=_EVENNESS_WANTED))


@asynccontextmanager
async def _drain(stage: Stage, *, workers: int, wanted: Wanted) -> AsyncIterator[Contest]:
    async with stage.database() as dsn, make_app(dsn) as app:
        session = await asyncpg.connect(dsn)
        drain = Drain(dsn, app, session, workers)
        ours, theirs = stage.pick(200_000, 5_000), stage.pick(2_000, 200)
        try:
            yield Contest(
                name=f"drain-{workers}",
                title=f"drain with {workers} worker process{'es' if workers > 1 else ''}",
                measure="rate",
                unit="jobs/s",
                rounds=stage.pick(3, 1),
                wanted=wanted,
                contestants=(
                    Contestant("headrace", lambda: drain.by_engine(ours)),
                    Contestant("one job per poll", lambda: drain.by_sketch(theirs)),
                ),
            )
        finally:
            await session.close()


@dataclass(frozen=True, slots=True)
class Drain:
    """A round starts idle workers, halts them, stores the jobs and lets them all go on at once.

    The tables are vacuumed while they are empty, so that the planner believes them to be: the burst on a
    system at rest is the case in which plans go wrong. Where others wait there, `keeps_backlog`, those stay.
    """

    dsn: str
    app: Headrace
    session: asyncpg.Connection
    workers: int
    keeps_backlog: bool = False

    async def by_engine(
        self,
        count: int,
        *,
        command: Sequence[str] | None = None,
        errand: Callable[[int], Errand] = Errand,
    ) -> Round:
        if self.keeps_backlog:
            await self.session.execute(statement("bench", "clear_outcomes"))
        else:
            await self.session.execute(statement("bench", "clear_jobs"))
            await self.session.execute(statement("bench", "vacuum_jobs"))
        async with worker_processes(command or engine_command(), dsn=self.dsn, count=self.workers) as processes:
            pause(processes)
            for start in range(0, count, CHUNK):
                await self.app.enqueue_many(
                    "idle-errand", [errand(number) for number in range(start, min(start + CHUNK, count))]
                )
            before = await self.session.fetchrow(statement("bench", "log_position"))
            await self._finish(processes, statement("bench", "has_errands"))
            after = await self.session.fetchrow(statement("bench", "log_position"))
        pace = await self.session.fetchrow(statement("bench", "drain_pace"))
        if pace["done"] != count:
            raise RuntimeError(f"{pace['done']} jobs are completed, {count} were stored; the round does not count")
        figures = {
            EVENNESS: pace["last_pace"] / pace["first_pace"],
            "WAL B/job": (after["bytes"] - before["bytes"]) / count,
            "commits/job": (after["transactions"] - before["transactions"]) / count,
        }
        return Round([count / pace["seconds"]], figures)

    async def by_sketch(self, count: int) -> Sequence[float]:
        await self.session.execute(statement("bench", "clear_baselines"))
        await self.session.execute(statement("bench", "vacuum_baselines"))
        command = sketch_command(self.dsn, poll_seconds=_IDLE_POLL_SECONDS)
        async with worker_processes(command, dsn=self.dsn, count=self.workers) as processes:
            pause(processes)
            await self.session.executemany(
                statement("bench", "sketch_insert"),
                [(uuid7(), "idle-errand", msgspec.json.encode(Errand(n)).decode()) for n in range(count)],
            )
            await self._finish(processes, "SELECT EXISTS (SELECT FROM sketch_job WHERE status <> 'completed')")
        done = await self.session.fetchval(statement("bench", "sketch_count"))
        if done != count:
            raise RuntimeError(f"{done} jobs are completed, {count} were stored; the round does not count")
        return [count / float(await self.session.fetchval(statement("bench", "sketch_drain_seconds")))]

    async def _finish(self, processes: Sequence[WorkerProcess], has_more: str) -> None:
        for process in processes:
            process.go_on()
        while await self.session.fetchval(has_more):
            for process in processes:
                process.require_running()
            await asyncio.sleep(_LOOK_SECONDS)


def pause(processes: Sequence[WorkerProcess]) -> None:
    for process in processes:
        process.pause()
