"""Real worker processes, killed, blocked and stopped for real."""

import signal
from datetime import timedelta
from uuid import UUID

import pytest

from fix_apps import eventually, opened_ledger, registered
from fix_lateness import measured_lateness

pytestmark = pytest.mark.timeout(60)

_LIVES = "SELECT count(*) > 0 FROM headrace.worker WHERE pid = $1"
_BEATS = (
    "SELECT count(*) > 0 FROM headrace.worker WHERE pid = $1 AND heartbeat_at > clock_timestamp() - interval '0.4 s'"
)
_BEGAN = "SELECT min(at) FROM public.note WHERE what = 'began' AND job_id = $1 AND pid = $2"
_ENDED_BY = "SELECT EXISTS (SELECT FROM headrace.outcome JOIN headrace.worker ON worker.id = worker_id WHERE pid = $1)"


async def test_jobs_of_a_killed_worker_run_again_within_seconds_and_none_is_lost_or_doubled(
    database, ledger, start_worker
):
    quick = await ledger.give("count", 2_000)
    slow = [*await ledger.give("rest", 5, seconds=600), *await ledger.give("rest", 55)]
    first = start_worker(database, "--concurrency", "5")
    held = "SELECT count(*) FROM headrace.run WHERE state = 'processing'"
    await eventually(lambda: _is(ledger.notes("began", first.pid), 5), 20)
    second = start_worker(database)
    await registered(ledger.connection, 2)
    held_count = await ledger.value(held)
    assert held_count > 5, "some wait in its buffer"
    still_held = [
        row[0] for row in await ledger.connection.fetch("SELECT job_id FROM headrace.run WHERE state = 'processing'")
    ]

    first.kill()
    killed_at = await ledger.value("SELECT clock_timestamp()")
    began_again = (
        "SELECT count(DISTINCT job_id) FROM public.note WHERE what = 'began' AND pid = $1 AND job_id = ANY ($2)"
    )
    await eventually(lambda: _is(ledger.value(began_again, second.pid, still_held), held_count), 15)
    last = await ledger.value(
        "SELECT max(at) FROM (SELECT min(at) AS at FROM public.note "
        "WHERE pid = $1 AND job_id = ANY ($2) GROUP BY job_id)",
        second.pid,
        still_held,
    )
    print(f"\n{held_count} jobs of the killed worker began again within {(last - killed_at).total_seconds():.2f} s")  # noqa: T201
    assert last - killed_at < timedelta(seconds=5)

    # What had been running waits for its ten minutes no second time.
    await eventually(lambda: ledger.is_over(len(quick) + len(slow)), 15)
    assert await ledger.value("SELECT max(attempt) FROM headrace.outcome") == 1, "a lost worker costs no attempt"
    assert await ledger.value("SELECT count(*) FROM headrace.failure") == held_count
    assert await ledger.value("SELECT count(*) FROM headrace.worker") == 1


async def test_jobs_of_a_killed_worker_run_again_within_two_seconds(database, ledger, start_worker):
    """By the database's clock, from the kill to the second beginning, less what a busy machine keeps everybody waiting.

    Four times in five: whom it keeps waiting is chance.
    """
    survivor = start_worker(database)
    await registered(ledger.connection, 1, 20)
    took: list[tuple[timedelta, timedelta]] = []
    for _ in range(5):
        survivor.send(signal.SIGSTOP)  # so that the other one gets the job
        victim = start_worker(database, "--concurrency", "1")
        await eventually(lambda pid=victim.pid: ledger.value(_LIVES, pid), 20)
        (job,) = await ledger.give("rest", 1, seconds=600)
        await eventually(lambda pid=victim.pid: _is_over(ledger.notes("began", pid), 0))
        survivor.send(signal.SIGCONT)
        await eventually(lambda pid=survivor.pid: ledger.value(_BEATS, pid))
        async with measured_lateness(database) as lateness:
            victim.kill()
            killed_at = await ledger.value("SELECT clock_timestamp()")
            began_at = await eventually(lambda job=job: ledger.value(_BEGAN, job, survivor.pid), 20)
            took.append((began_at - killed_at, lateness.total))
    assert sorted(span - late for span, late in took)[3] < timedelta(seconds=2), took


@pytest.mark.slow
async def test_writes_that_complete_their_job_happen_once_though_workers_are_killed_under_load(
    database, ledger, start_worker
):
    """A kill falls before the commit, and all of it runs again, or after it, and none of it does."""
    jobs: list[UUID] = []
    survivor = start_worker(database, "--concurrency", "2", "--buffer", "10")
    for kill in range(3):
        worker = start_worker(database)
        await eventually(lambda pid=worker.pid: ledger.value(_LIVES, pid), 20)
        # Not before, or the survivor may have done them all by then.
        jobs += await ledger.give("write", 400)
        await eventually(lambda pid=worker.pid: ledger.value(_ENDED_BY, pid), 20)
        await eventually(
            lambda kill=kill: _is_over(ledger.value("SELECT count(*) FROM headrace.outcome"), 400 * kill + 200), 20
        )
        worker.kill()
    await eventually(lambda: ledger.is_over(len(jobs)), 30)
    assert await ledger.value("SELECT count(*) FROM public.written") == len(jobs)
    assert await ledger.value("SELECT count(DISTINCT job_id) FROM public.written") == len(jobs)
    assert survivor.process.poll() is None


async def test_a_worker_killed_right_after_the_server_started_is_noticed_as_fast(durable_server, start_worker):
    """A young server may not be taken for one that has just been restarted under its workers."""
    dsn = durable_server.start()
    async with opened_ledger(dsn) as ledger:
        await _kill_one_of_two(dsn, ledger, start_worker)


async def _kill_one_of_two(dsn: str, ledger, start_worker) -> None:
    await ledger.give("rest", 3, seconds=600)
    first = start_worker(dsn)
    await eventually(lambda: _is(ledger.notes("began", first.pid), 3), 15)
    second = start_worker(dsn)
    await registered(ledger.connection, 2)
    age = await ledger.value("SELECT extract(epoch FROM now() - pg_postmaster_start_time())")
    first.kill()
    killed_at = await ledger.value("SELECT clock_timestamp()")
    await eventually(lambda: _is(ledger.notes("began", second.pid), 3), 20)
    last = await ledger.value("SELECT max(at) FROM public.note WHERE what = 'began'")
    assert last - killed_at < timedelta(seconds=5), f"the server was {age} s old"


async def test_a_handler_that_blocks_the_loop_for_longer_than_the_lease_is_not_run_twice(
    database, ledger, start_worker
):
    jobs = await ledger.give("block", 1, seconds=4)
    workers = [start_worker(database, lease=1, heartbeat=0.25) for _ in range(2)]
    await eventually(lambda: ledger.is_over(1), 20)
    assert await ledger.notes("began") == 1
    assert await ledger.value("SELECT count(*) FROM headrace.failure WHERE job_id = $1", jobs[0]) == 0
    for worker in workers:
        worker.send(signal.SIGTERM)
        assert await worker.ends() == 0
        assert "stale 0" in worker.told()


@pytest.mark.parametrize("leads", [pytest.param(True, marks=pytest.mark.slow), False])
async def test_a_worker_stopped_for_longer_than_its_lease_finds_its_completion_refused(
    database, ledger, start_worker, leads
):
    """The stopped one may be the one that leads the rescue: it holds that lock and does nothing."""
    if not leads:
        start_worker(database, "--queue", "nothing")
        await eventually(lambda: _somebody_leads(ledger))
    stopped = start_worker(database, lease=1, heartbeat=0.25)
    await registered(ledger.connection, 1 if leads else 2)
    await eventually(lambda: _somebody_leads(ledger))
    await ledger.give("block", 1, seconds=1)
    # Stopped while it still awaited something, it would be interrupted there, and have nothing to report.
    await eventually(lambda: "blocks" in stopped.told())
    stopped.send(signal.SIGSTOP)
    other = start_worker(database, lease=1, heartbeat=0.25)
    await eventually(lambda: ledger.is_over(1), 20)
    assert await ledger.notes("began", other.pid) == 1
    before = await ledger.value("SELECT to_jsonb(outcome)::text FROM headrace.outcome")
    number = await ledger.value("SELECT max(id) FROM headrace.worker")

    stopped.send(signal.SIGCONT)
    # It learns that it was given up, and goes on under a new number.
    await eventually(lambda: _is_over(ledger.value("SELECT max(id) FROM headrace.worker"), number))
    stopped.send(signal.SIGTERM)
    assert await stopped.ends() == 0
    assert "stale 1" in stopped.told()
    assert await ledger.value("SELECT to_jsonb(outcome)::text FROM headrace.outcome") == before


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_job_that_kills_ten_workers_is_dead(database, ledger, start_worker):
    (job,) = await ledger.give("die")
    bystanders = await ledger.give("count", 50)
    watcher = start_worker(database, "--queue", "nothing")
    await registered(ledger.connection, 1)
    deaths = 0
    while await ledger.value("SELECT state FROM headrace.job_state WHERE id = $1", job) != "dead":
        worker = start_worker(database)
        assert await worker.ends(30) == -signal.SIGKILL
        deaths += 1
        await eventually(lambda: _is(ledger.value("SELECT count(*) FROM headrace.worker"), 1), 20)
        assert deaths <= 10
    assert deaths == 10
    last = start_worker(database)
    await eventually(lambda: _is(ledger.value("SELECT count(*) FROM headrace.outcome"), 1 + len(bystanders)), 20)
    assert await ledger.states() == {"completed": 50, "dead": 1}
    assert watcher.process.poll() is None
    assert last.process.poll() is None


async def _is(value, expected) -> bool:
    return await value == expected


async def _is_over(value, bound: int) -> bool:
    return await value > bound


async def _somebody_leads(ledger) -> bool:
    return await ledger.value(
        "SELECT count(*) = 1 FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND granted AND application_name LIKE '% leader rescue' "
        "AND datname = current_database()"
    )
