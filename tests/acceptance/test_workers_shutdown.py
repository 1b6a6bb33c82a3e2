"""SIGTERM to real worker processes."""

import signal

import pytest

from fix_apps import eventually, registered

pytestmark = pytest.mark.timeout(60)


async def test_sigterm_lets_running_jobs_end_and_gives_the_others_back(database, ledger, start_worker):
    await ledger.give("count", 1_000)
    await ledger.give("rest", 40, seconds=1)
    worker = start_worker(database, "--concurrency", "4")
    await eventually(lambda: _is(ledger.notes("began"), 4), 20)
    worker.send(signal.SIGTERM)
    assert await worker.ends() == 0
    began = await ledger.notes("began")
    assert began < 40
    assert await ledger.notes("ended") == began, "what had begun has ended"
    assert await ledger.states() == {"completed": 1_000 + began, "pending": 40 - began}
    assert await ledger.value("SELECT max(attempt) FROM headrace.run") == 0
    assert await ledger.value("SELECT count(*) FROM headrace.worker") == 0
    assert await ledger.value("SELECT count(*) FROM headrace.failure") == 0

    start_worker(database)
    await eventually(lambda: ledger.is_over(1_040), 20)


async def test_a_second_sigterm_interrupts_running_jobs_without_counting_the_attempt(database, ledger, start_worker):
    await ledger.give("rest", 6, seconds=600)
    worker = start_worker(database, "--concurrency", "3", "--grace", "600")
    await eventually(lambda: _is(ledger.notes("began"), 3), 20)
    worker.send(signal.SIGTERM)
    await eventually(lambda: "stopping" in worker.told())
    assert worker.process.poll() is None
    worker.send(signal.SIGTERM)
    assert await worker.ends(5) == 0
    assert await ledger.states() == {"pending": 6}
    assert await ledger.value("SELECT max(attempt) FROM headrace.run") == 0
    assert await ledger.notes("ended") == 0


async def test_jobs_over_the_grace_are_interrupted_too(database, ledger, start_worker):
    await ledger.give("rest", 1, seconds=600)
    worker = start_worker(database, "--grace", "0.2")
    await eventually(lambda: _is(ledger.notes("began"), 1), 20)
    worker.send(signal.SIGTERM)
    assert await worker.ends(5) == 0
    assert await ledger.states() == {"pending": 1}


async def test_jobs_pass_from_worker_to_worker_as_one_stops_under_load(database, ledger, start_worker):
    await ledger.give("write", 1_500)
    first = start_worker(database)
    await eventually(lambda: ledger.value("SELECT count(*) > 100 FROM headrace.outcome"), 20)
    second = start_worker(database)
    await registered(ledger.connection, 2)
    first.send(signal.SIGTERM)
    assert await first.ends(20) == 0
    await eventually(lambda: ledger.is_over(1_500), 30)
    assert await ledger.value("SELECT count(*) FROM public.written") == 1_500
    assert await ledger.value("SELECT count(DISTINCT job_id) FROM public.written") == 1_500
    assert second.process.poll() is None


async def test_a_worker_stops_with_the_program_that_started_it(database, ledger, tmp_path):
    import os
    import subprocess
    import sys

    from fix_apps import APPS

    worker = subprocess.Popen(
        [sys.executable, "-m", "headrace.cli", "--app", "faults:app", "worker", "--stop-on-eof"],
        cwd=APPS,
        env={**os.environ, "HEADRACE_DATABASE_URL": database},
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        await registered(ledger.connection, 1, 20)
        worker.stdin.close()
        await eventually(lambda: worker.poll() is not None)
        assert worker.returncode == 0
    finally:
        worker.kill()
        worker.wait()


async def _is(value, expected) -> bool:
    return await value == expected
