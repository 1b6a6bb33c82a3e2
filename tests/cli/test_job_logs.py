import asyncio
import json

import pytest

from fix_apps import AT_ONCE, eventually
from headrace import Job, uuid7

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def gate(app) -> asyncio.Event:
    """Lets the second attempt of `paint` end."""
    gate = asyncio.Event()

    @app.job("paint", max_attempts=2, retry=AT_ONCE)
    async def paint(job: Job) -> None:
        job.log.info("attempt %d [red]", job.attempt)
        if job.attempt == 1:
            raise ValueError
        await gate.wait()
        job.log.warning("done")

    return gate


async def test_logs_prints_what_was_logged_attempt_by_attempt(headrace, bench, app, gate):
    gate.set()
    job = await app.enqueue("paint")
    async with bench.working():
        await bench.reaches(job, "completed")
    text, as_json, second, shown = await asyncio.gather(
        headrace("jobs", "logs", str(job.id)),
        headrace("jobs", "logs", str(job.id), "--json"),
        headrace("jobs", "logs", str(job.id), "--attempt", "2"),
        headrace("jobs", "show", str(job.id)),
    )
    assert [line.split(" ", 2)[2] for line in text.out.splitlines()] == [
        "INFO headrace.job.paint: attempt 1 [red]",
        "INFO headrace.job.paint: attempt 2 [red]",
        "WARNING headrace.job.paint: done",
    ]
    assert [json.loads(line)["message"] for line in as_json.out.splitlines()] == [
        "attempt 1 [red]",
        "attempt 2 [red]",
        "done",
    ]
    assert "attempt 1" not in second.out
    assert "attempt 2 [red]" in second.out
    assert "WARNING headrace.job.paint: done" in shown.out


async def test_following_goes_on_until_the_job_has_ended(headrace, bench, app, gate):
    job = await app.enqueue("paint")
    async with bench.working():
        following = asyncio.create_task(headrace("jobs", "logs", str(job.id), "--follow"))
        await eventually(lambda: bench.value("SELECT count(*) = 2 FROM headrace.job_log"))
        assert not following.done()
        gate.set()
        await bench.reaches(job, "completed")
        ran = await following
    assert ran.code == 0
    assert [line.rpartition(": ")[2] for line in ran.out.splitlines()] == ["attempt 1 [red]", "attempt 2 [red]", "done"]


@pytest.mark.parametrize("options", [(), ("--follow",)])
async def test_the_logs_of_no_job_are_told_of(headrace, options):
    missing = str(uuid7())
    ran = await headrace("jobs", "logs", missing, *options)
    assert (ran.code, ran.out) == (3, "")
    assert f"no job {missing} is stored" in ran.err
