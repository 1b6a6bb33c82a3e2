"""Retires days of ended jobs: looks at them, drops, moves and deletes. Each step is a transaction of its own."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from headrace.db.connection import Connection
from headrace.db.errors import LOCKED
from headrace.db.pool import ConnectionPool
from headrace.db.statements import statement
from headrace.jobs.retention import MOST_MOVED, Day, DayCount, Fate, Retention, decide

_PACKAGE = "headrace.jobs"
_BATCH = 1_000
_MOST_COUNTED = 100_000
_LOCK_MILLISECONDS = "100"


@dataclass(frozen=True, slots=True)
class DayPlan:
    """What is due to be done with a day; `expired_count` jobs go, counted up to a bound where they go as a whole."""

    day: date
    fate: Fate
    kept_count: int
    expired_count: int


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did: to which day, how many jobs went or rows were swept, whether more is to be done there."""

    day: date
    fate: Fate | str
    count: int
    is_postponed: bool = False


async def plan_retention(connection: Connection, retention: Retention, *, now: datetime | None = None) -> list[DayPlan]:
    """What retention would do now, day by day, oldest first; changes nothing."""
    moment = await _moment(connection, now)
    found: list[DayPlan] = []
    for day in await _days(connection, retention, moment):
        count = await _measure(connection, day, retention, moment)
        found.append(DayPlan(day.day, decide(day, count), count.kept_count, count.expired_count))
    return found


async def retain(pool: ConnectionPool, retention: Retention, *, now: datetime | None = None) -> list[Step]:
    """Does what is due, a batch of each day at most; the steps that did something. Call it again until there are none.

    A day whose tables somebody holds locked is postponed: nobody waits for it longer than a tenth of a second.
    """
    steps: list[Step] = []
    async with pool.acquire() as connection:
        moment = await _moment(connection, now)
        steps += await _sweep(connection)
        for day in await _days(connection, retention, moment):
            count = await _measure(connection, day, retention, moment)
            fate = decide(day, count)
            if fate == "leave":
                continue
            try:
                async with connection.transaction():
                    await connection.execute(statement(_PACKAGE, "bound_locks"), _LOCK_MILLISECONDS)
                    if fate == "trim":
                        gone_count = await _trim(connection, day, retention, moment)
                        is_done = gone_count > 0
                    else:
                        gone_count = count.expired_count
                        is_done = await _retire(connection, day, retention, moment)
            except LOCKED:
                steps.append(Step(day.day, fate, 0, is_postponed=True))
                continue
            if is_done:
                steps.append(Step(day.day, fate, gone_count))
    return steps


async def retain_all(
    pool: ConnectionPool, retention: Retention, *, now: datetime | None = None, patience: timedelta | None = None
) -> tuple[list[Step], bool]:
    """Calls `retain` until nothing can be done, or patience is over: the steps, and whether nothing is left to do.

    What is postponed is left.
    """
    loop = asyncio.get_running_loop()
    ends = None if patience is None else loop.time() + patience.total_seconds()
    done: list[Step] = []
    while True:
        steps = await retain(pool, retention, now=now)
        done += steps
        if all(step.is_postponed for step in steps) or (ends is not None and loop.time() >= ends):
            return done, not steps


async def _trim(connection: Connection, day: Day, retention: Retention, moment: datetime) -> int:
    """Deletes a batch of the day's jobs that need not stay; how many."""
    rows = await connection.fetch(
        statement(_PACKAGE, "find_expired"), day.low, day.high, *retention.periods, moment, _BATCH
    )
    return len(await connection.fetch(statement(_PACKAGE, "delete_ended"), [row["job_id"] for row in rows]))


async def _retire(connection: Connection, day: Day, retention: Retention, moment: datetime) -> bool:
    """Drops the day but for what must stay; False, and nothing done, where that has become too much."""
    kept = await connection.fetchval(statement(_PACKAGE, "retire_day"), day.day, *retention.periods, moment, MOST_MOVED)
    return kept is not None


async def _sweep(connection: Connection) -> list[Step]:
    swept: list[Step] = []
    for row in await connection.fetch(statement(_PACKAGE, "list_retired")):
        gone = 0
        for query in (
            statement(_PACKAGE, "sweep_progress"),
            statement(_PACKAGE, "sweep_step"),
            statement(_PACKAGE, "sweep_dependency"),
        ):
            gone = max(gone, len(await connection.fetch(query, row["low"], row["high"], _BATCH)))
        if gone < _BATCH:
            await connection.execute(statement(_PACKAGE, "forget_retired"), row["day"])
        swept.append(Step(row["day"], "sweep", gone))
    return swept


async def _days(connection: Connection, retention: Retention, moment: datetime) -> list[Day]:
    horizon = retention.horizon(moment)
    if horizon is None:
        return []
    # A day is not over before the clocks of all who enqueue have left it.
    ended = min(horizon, moment - timedelta(hours=1))
    rows = await connection.fetch(statement(_PACKAGE, "list_days"), ended)
    return [Day(row["day"], row["is_partition"], row["low"], row["high"]) for row in rows]


async def _measure(connection: Connection, day: Day, retention: Retention, moment: datetime) -> DayCount:
    row = await connection.fetchrow(
        statement(_PACKAGE, "measure_day"),
        day.low,
        day.high,
        *retention.periods,
        moment,
        MOST_MOVED,
        _MOST_COUNTED,
    )
    return DayCount(0, 0) if row is None else DayCount(row["kept_count"], row["expired_count"])


async def _moment(connection: Connection, now: datetime | None) -> datetime:
    return await connection.fetchval(statement(_PACKAGE, "decision_time"), now)
