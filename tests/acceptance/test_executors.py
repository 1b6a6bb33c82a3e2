"""Handlers that do not end, in real worker processes: a child ends with its worker, and no worker lives for one."""

import os
import signal

import pytest

from fix_apps import eventually
from fix_processes import lives

pytestmark = pytest.mark.timeout(60)


async def child_of(ledger) -> int:
    """The process in which a spinning job runs, once it does."""
    return await eventually(lambda: ledger.value("SELECT max(done) FROM headrace.progress"), 20)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_worker_leaves_no_child_however_it_ends(database, ledger, start_worker, number):
    await ledger.give("spin")
    worker = start_worker(database, "--grace", "0")
    child = await child_of(ledger)
    assert lives(child)
    worker.send(number)
    await worker.ends(10)
    await eventually(lambda: not lives(child), 1)
    if number == signal.SIGTERM:
        assert await ledger.states() == {"pending": 1}
        assert await ledger.value("SELECT max(attempt) FROM headrace.run") == 0


async def test_signals_to_the_whole_group_leave_children_to_their_worker(database, ledger, start_worker):
    await ledger.give("spin")
    worker = start_worker(database, "--grace", "600")
    child = await child_of(ledger)
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(child, number)
    assert lives(child)
    assert worker.process.poll() is None
    assert await ledger.states() == {"processing": 1}


@pytest.mark.parametrize("kind", ["stuck", "elsewhere", "stubborn"])
async def test_a_handler_that_never_ends_keeps_no_worker_alive(database, ledger, start_worker, kind):
    await ledger.give(kind)
    worker = start_worker(database, "--grace", "0.1")
    await eventually(lambda: ledger.value("SELECT count(*) = 1 FROM headrace.run WHERE state = 'processing'"), 20)
    worker.send(signal.SIGTERM)
    assert await worker.ends(15) == 0
    assert await ledger.states() == {"pending": 1}
    assert await ledger.value("SELECT max(attempt) FROM headrace.run") == 0
    assert ("1 handlers have not ended" in worker.told()) == (kind != "elsewhere")
