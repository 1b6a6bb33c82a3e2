"""A worker that cannot register: it tries for a bounded time, says so, and can be stopped."""

import asyncio
import signal
import threading
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from fix_apps import eventually
from headrace import WorkerNotStartedError, WorkerOptions
from headrace.db.listener import JOBS_CHANNEL, LATER_CHANNEL
from headrace.jobs import worker as worker_module
from headrace.jobs.job import LATER

OPTIONS = WorkerOptions(grace=timedelta(0), lease=timedelta(seconds=1), heartbeat=timedelta(milliseconds=200))


@asynccontextmanager
async def closed_door(connection):
    """Nobody can register for a block: the table of workers is locked."""
    async with connection.transaction():
        await connection.execute("LOCK TABLE headrace.worker IN ACCESS EXCLUSIVE MODE")
        yield


@pytest.fixture
def process(app):
    @app.job("any")
    async def any_() -> None:
        pass

    return app.process(OPTIONS)


def loops() -> set[str]:
    """What of a worker runs in this process."""
    names = {task.get_name() for task in asyncio.all_tasks()} | {thread.name for thread in threading.enumerate()}
    return {
        name
        for name in names
        if name in {"headrace-fetcher", "headrace-completer", "headrace-lease", "headrace-rescuer"}
    }


async def test_it_gives_up_after_a_time_with_the_reason_and_leaves_nothing_running(
    bench, process, connection, monkeypatch
):
    monkeypatch.setattr(worker_module, "START_LIMIT", timedelta(seconds=1))
    async with closed_door(connection):
        with pytest.raises(WorkerNotStartedError, match=r"within 0:00:01: TimeoutError\(\).*start it again") as raised:
            await process.start()
    assert raised.value.timeout == timedelta(seconds=1)
    assert bench.records.named("lease.unreachable")
    await eventually(lambda: not loops())


async def test_it_is_registered_as_soon_as_that_is_possible(process, connection):
    async with closed_door(connection):
        starting = asyncio.create_task(process.start())
        await eventually(lambda: "headrace-lease" in loops())
    await starting
    assert process.worker.worker_id is not None
    await process.stop()


async def test_it_can_be_stopped_while_it_tries(process, connection):
    async with closed_door(connection):
        starting = asyncio.create_task(process.start())
        await eventually(lambda: "headrace-lease" in loops())
        await process.stop()
        await starting
    await eventually(lambda: not loops())
    assert await connection.fetchval("SELECT count(*) FROM headrace.worker") == 0


async def test_it_can_be_cancelled_while_it_tries(process, connection):
    async with closed_door(connection):
        starting = asyncio.create_task(process.start())
        await eventually(lambda: "headrace-lease" in loops())
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await eventually(lambda: not loops())


@pytest.mark.timeout(60)
async def test_the_command_ends_at_a_signal_while_it_tries(database, ledger, connection, start_worker):
    async with closed_door(ledger.connection):
        worker = start_worker(database)
        await eventually(
            lambda: connection.fetchval(
                "SELECT count(*) > 0 FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ),
            20,
        )
        worker.send(signal.SIGTERM)
        assert await worker.ends(15) == 0
    assert await ledger.value("SELECT count(*) FROM headrace.worker") == 0


async def test_of_a_job_for_later_only_a_worker_that_seldom_looks_is_woken(app):
    ran = asyncio.Event()

    @app.job("later")
    async def later() -> None:
        ran.set()

    async with app.process():
        await eventually(lambda: app.listener.hears(JOBS_CHANNEL))
        assert not app.listener.hears(LATER_CHANNEL)
    async with app.process(WorkerOptions(poll=timedelta(minutes=5))):
        await eventually(lambda: app.listener.hears(LATER_CHANNEL))
        async with app.transaction() as tx:
            await tx.enqueue("later", delay=LATER)
        async with asyncio.timeout(10):
            await ran.wait()
