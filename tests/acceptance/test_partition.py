"""A worker is cut off from its database without a word, and comes back."""

import signal
from datetime import timedelta

import pytest

from fix_apps import eventually, opened_bench, registered

pytestmark = pytest.mark.timeout(90)


async def _is(value, expected) -> bool:
    return await value == expected


@pytest.mark.parametrize("forgetting", [False, pytest.param(True, marks=pytest.mark.slow)])
async def test_a_worker_cut_off_loses_its_jobs_and_comes_back_as_another(
    database, ledger, start_worker, network, forgetting
):
    cut_off = start_worker(network.dsn, lease=4, heartbeat=0.25, grace=1)
    await registered(ledger.connection, 1, 20)
    await ledger.give("block", 1, seconds=4)
    await eventually(lambda: _is(ledger.notes("began", cut_off.pid), 1))
    network.cut()
    cut_at = await ledger.value("SELECT clock_timestamp()")
    old = await ledger.value("SELECT max(id) FROM headrace.worker")
    fresh = start_worker(database, lease=4, heartbeat=0.25)
    await eventually(lambda: _is(ledger.notes("began", fresh.pid), 1), 30)
    taken_after = await ledger.value("SELECT max(at) FROM public.note WHERE what = 'began'") - cut_at
    # Its sessions, the lock included, are still there for the server: not before the lease has ended.
    assert taken_after > timedelta(seconds=3)
    await eventually(lambda: ledger.is_over(1), 20)
    before = await ledger.value("SELECT to_jsonb(outcome)::text FROM headrace.outcome")
    assert await ledger.value("SELECT count(*) FROM headrace.worker") == 1

    await network.heal(forgetting=forgetting)
    await eventually(lambda: _is(ledger.value("SELECT count(*) FROM headrace.worker WHERE id > $1 + 1", old), 1), 30)
    assert await ledger.value("SELECT to_jsonb(outcome)::text FROM headrace.outcome") == before
    fresh.send(signal.SIGTERM)
    assert await fresh.ends(20) == 0
    await ledger.give("note", 20)
    await eventually(lambda: _is(ledger.notes("ran", cut_off.pid), 20), 45)
    cut_off.send(signal.SIGTERM)
    assert await cut_off.ends(20) == 0
    assert "stale 1" in cut_off.told(), "what it reported of the job it had lost was refused, and counted"


async def test_a_statement_that_hangs_is_given_up_and_the_work_goes_on(database, connection):
    """As a lock that somebody forgot makes it, or a network that drops packets."""
    async with opened_bench(database) as bench:
        app = bench.app
        app.pool._statement_limit = timedelta(seconds=1)

        @app.job("any")
        async def any_() -> None:
            pass

        async with bench.working():
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("LOCK TABLE headrace.run, headrace.worker IN ACCESS EXCLUSIVE MODE")
            stuck = await eventually(lambda: _services(bench) >= {"fetcher", "rescuer"} and _services(bench), 20)
            assert stuck
            await transaction.rollback()
            job = await app.enqueue("any")
            await bench.reaches(job, "completed", 15)


def _services(bench) -> set[str]:
    return {one.fields["service"] for one in bench.records.named("service.error") if "Timeout" in one.fields["reason"]}


@pytest.mark.slow
async def test_a_cut_network_is_noticed_by_every_loop_in_bounded_time(database, network):
    async with opened_bench(network.dsn) as bench:
        app = bench.app
        app.pool._statement_limit = timedelta(seconds=1)

        @app.job("any")
        async def any_() -> None:
            pass

        async with bench.working(grace=timedelta(0), lease=timedelta(seconds=2), heartbeat=timedelta(seconds=0.25)):
            network.cut()
            await eventually(lambda: _services(bench) >= {"fetcher", "listener", "rescuer", "head"}, 30)
            await eventually(lambda: bench.records.named("lease.unreachable"))
            await network.heal(forgetting=True)
            await bench.reaches(await _enqueued(app), "completed", 30)


async def _enqueued(app):
    async def try_once():
        try:
            return await app.enqueue("any")
        except (OSError, TimeoutError, Exception):  # noqa: BLE001 - whatever a session that was cut raises
            return None

    return await eventually(try_once, 20)
