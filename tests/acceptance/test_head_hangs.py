"""The process that leads the head is stopped, or blocked by a handler: events are delivered all the same."""

import signal
from datetime import timedelta

import pytest

from fix_apps import eventually, registered

pytestmark = pytest.mark.timeout(60)

LEADER = """
    SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE application_name = 'faults leader head' AND locktype = 'advisory' AND granted AND datname = current_database()
"""


@pytest.fixture
async def both(database, ledger, start_worker):
    """The worker that leads the head, and another."""
    leader = start_worker(database)
    await eventually(lambda: ledger.value(LEADER), 20)
    other = start_worker(database)
    await registered(ledger.connection, 2, 20)
    await ledger.tell()
    await eventually(lambda: _are(ledger.notes("event"), 1))
    return leader, other


async def _are(value, expected) -> bool:
    return await value == expected


async def _require_soon(ledger, pid: int) -> None:
    """Ten more events are noted within seconds, by the database's clock."""
    for round_ in range(5):
        told_at = await ledger.value("SELECT clock_timestamp()")
        before = await ledger.notes("event")
        await ledger.tell(2)
        await eventually(lambda before=before: _are(ledger.notes("event"), before + 2), 15)
        took = await ledger.value("SELECT max(at) FROM public.note WHERE what = 'event'") - told_at
        assert took < timedelta(seconds=4 if round_ == 0 else 2.5), f"round {round_}"
    assert await ledger.notes("event", pid) > 0


async def test_events_are_delivered_while_the_leader_is_stopped_and_once_each_after(ledger, both):
    leader, other = both
    leader.send(signal.SIGSTOP)
    await _require_soon(ledger, other.pid)
    leader.send(signal.SIGCONT)
    await ledger.tell(5)
    await eventually(lambda: _are(ledger.notes("event"), 16))
    assert await ledger.value("SELECT count(DISTINCT job_id) FROM public.note WHERE what = 'event'") == 16


async def test_events_are_delivered_while_a_handler_blocks_the_leaders_loop(database, ledger, start_worker):
    leader = start_worker(database)
    await eventually(lambda: ledger.value(LEADER), 20)
    await ledger.give("block", 1, seconds=40)
    await eventually(lambda: _are(ledger.notes("began", leader.pid), 1))
    other = start_worker(database)
    await registered(ledger.connection, 2, 20)
    await _require_soon(ledger, other.pid)
    assert await ledger.states() == {"processing": 1}
