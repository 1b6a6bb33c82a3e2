"""A worker's machine has its clock set, hours ahead or back: nothing is early, late, lost or taken for dead."""

from datetime import timedelta
from itertools import pairwise

import pytest

from fix_apps import eventually, registered
from fix_schedules import fired_at

pytestmark = [
    pytest.mark.timeout(90),
    pytest.mark.parametrize(
        "hours", ["5", *(pytest.param(one, marks=pytest.mark.slow) for one in ("-5", "0,7,-7,30"))]
    ),
]


async def _is(value, expected) -> bool:
    return await value == expected


async def test_due_times_and_leases_are_those_of_the_database(database, ledger, start_worker, hours):
    stepped = start_worker(database, hours=hours)
    await registered(ledger.connection, 1, 20)
    number = await ledger.value("SELECT max(id) FROM headrace.worker")
    await ledger.give("rest", 20, seconds=6)
    await eventually(lambda: _is(ledger.notes("began", stepped.pid), 20))
    start_worker(database, lease=2, heartbeat=0.25)
    await registered(ledger.connection, 2, 20)
    given_at = await ledger.value("SELECT clock_timestamp()")
    jobs = await ledger.give("note", 40, delay=timedelta(seconds=2))
    far = await ledger.give("note", 5, delay=timedelta(hours=3))
    await eventually(lambda: _is(ledger.notes("ran"), len(jobs)), 20)
    first, last = await ledger.connection.fetchrow("SELECT min(at), max(at) FROM public.note WHERE what = 'ran'")
    assert first - given_at >= timedelta(seconds=2)
    assert last - given_at < timedelta(seconds=8)
    await eventually(lambda: _is(ledger.notes("ended"), 20), 20)
    assert await ledger.value("SELECT count(*) FROM headrace.failure") == 0, "nobody was taken for dead"
    assert await ledger.value("SELECT count(*) FROM headrace.worker WHERE id = $1", number) == 1
    await eventually(lambda: _completed(ledger, len(jobs) + 20))
    assert (await ledger.states())["scheduled"] == len(far)
    # A duration is the worker's own affair, by a clock that nobody sets.
    assert await ledger.value("SELECT max(duration) FROM headrace.outcome") < timedelta(minutes=1)


async def _completed(ledger, count: int) -> bool:
    return (await ledger.states()).get("completed") == count


async def test_each_tick_is_fired_once_and_in_its_time(database, connection, start_worker, hours):
    start_worker(database, app="ticking:app", hours=hours)

    async def has_fired() -> bool:
        return len(await fired_at(connection)) >= 5

    await eventually(has_fired, 30)
    ticks = await fired_at(connection)
    assert {later - earlier for earlier, later in pairwise(ticks)} == {timedelta(seconds=1)}
    assert abs(await connection.fetchval("SELECT clock_timestamp()") - ticks[-1]) < timedelta(seconds=4)
