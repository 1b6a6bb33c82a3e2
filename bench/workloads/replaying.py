"""A handler meets the whole log again, as a replay job and as a dry run: how fast, and in how much memory."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from bench.app import make_app
from bench.contest import Contest, Contestant, Round
from bench.stage import Stage
from bench.workloads.read import fill
from headrace.db.statements import statement

_ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def replays(stage: Stage) -> AsyncIterator[Contest]:
    """A process of its own each time, so that its memory is its own."""
    count = stage.pick(1_000_000, 5_000)
    async with stage.database() as dsn, make_app(dsn) as app:
        await fill(app, count)
        session = await asyncpg.connect(dsn)
        try:
            await session.execute(statement("bench", "create_tally"))
        finally:
            await session.close()
        yield Contest(
            name="replay",
            title="let a handler meet the log again",
            measure="rate",
            unit="events/s",
            rounds=stage.pick(3, 1),
            contestants=(
                Contestant("headrace, replay job", lambda: _round(dsn, "replay", count)),
                Contestant("headrace, dry run", lambda: _round(dsn, "rehearse", count)),
                Contestant("headrace, reading alone", lambda: _round(dsn, "read", count)),
            ),
        )


async def _round(dsn: str, way: str, count: int) -> Round:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.replaying", dsn, way, cwd=_ROOT, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{way} ended with {process.returncode}")
    seen, seconds, before_kb, after_kb = map(float, printed.split())
    if seen != count:
        raise RuntimeError(f"{seen:.0f} events were met, {count} are in the log; the round does not count")
    return Round(
        [count / seconds], {"peak memory, MB": after_kb / 1024, "of it for the log, MB": (after_kb - before_kb) / 1024}
    )
