"""What goes wrong around a handler costs the attempt, and neither the job nor the runner."""

from datetime import timedelta

from headrace import Limit
from headrace.jobs import executor

LIMIT = Limit("some", concurrency=5)


async def test_a_runner_outlives_an_attempt_that_cannot_be_made(bench, app, monkeypatch):
    real, broken = executor.open_job, []

    def open_job(row, **services):
        if row["kind"] == "broken" and row["attempt"] == 1:
            broken.append(row["job_id"])
            raise KeyError("no such column")
        return real(row, **services)

    monkeypatch.setattr(executor, "open_job", open_job)

    @app.job("broken")
    async def handle() -> None: ...

    @app.job("sound")
    async def sound() -> None: ...

    async with bench.working(concurrency=1):
        job = await app.enqueue("broken", max_attempts=1)
        await bench.reaches(job, "dead")
        await bench.reaches(await app.enqueue("sound"), "completed")
        again = await app.enqueue("broken", max_attempts=2)
        await bench.reaches(again, "scheduled")
    assert broken == [job.id, again.id]


async def test_jobs_under_limits_come_with_everything_that_others_come_with(bench, app):
    @app.job("limited", limit=LIMIT)
    async def limited() -> None: ...

    @app.job("free")
    async def free() -> None: ...

    async with bench.working():
        for kind in ("limited", "free", "limited"):
            await bench.reaches(await app.enqueue(kind, delay=timedelta(0)), "completed")
