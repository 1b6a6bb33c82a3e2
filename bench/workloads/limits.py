"""Drain jobs under limits they never reach, beside the same jobs without any."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import asyncpg

from bench.app import Errand, make_app, make_keyed_app, make_queued_app
from bench.contest import Contest, Contestant, Wanted
from bench.stage import Stage
from bench.workers import engine_command
from bench.workloads.drain import Drain
from headrace import Headrace

_USERS = 100
_RATIO_WANTED = 0.9

Make = Callable[[str | None], Headrace]


def limits_by_key(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """A hundred users, each with slots and tokens of its own."""
    return _limits(stage, "key", make_keyed_app)


def limits_by_queue(stage: Stage) -> AbstractAsyncContextManager[Contest]:
    """Slots and tokens of the queue."""
    return _limits(stage, "queue", make_queued_app)


@asynccontextmanager
async def _limits(stage: Stage, what: str, make: Make) -> AsyncIterator[Contest]:
    count = stage.pick(100_000, 5_000)
    async with AsyncExitStack() as exits:

        async def contestant(name: str, make: Make) -> Contestant:
            # A database each: a rule that is in force holds for all who work there.
            dsn = await exits.enter_async_context(stage.database())
            app = await exits.enter_async_context(make(dsn))
            session = await asyncpg.connect(dsn)
            exits.push_async_callback(session.close)
            drain = Drain(dsn, app, session, 1)
            command = engine_command(make.__name__)
            return Contestant(name, lambda: drain.by_engine(count, command=command, errand=_errand))

        yield Contest(
            name=f"limits-{what}",
            title=f"drain under a limit by {what}, never reached",
            measure="rate",
            unit="jobs/s",
            rounds=stage.pick(5, 1),
            wanted=Wanted(ratio=_RATIO_WANTED),
            contestants=(await contestant("limited", make), await contestant("not limited", make_app)),
        )


def _errand(number: int) -> Errand:
    return Errand(number, user=f"user-{number % _USERS:016}")
