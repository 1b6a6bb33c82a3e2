"""A finished step is not done again by a later attempt, whoever makes it."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest

from fix_apps import AT_ONCE, eventually
from headrace import ConfigurationError, Job, Snooze, StaleLeaseError
from headrace.jobs import redriving
from headrace.jobs.maintenance.flow_keeper import FlowKeeper
from headrace.jobs.steps import STEP_LIMIT_BYTES
from headrace.telemetry import Telemetry


@dataclass
class Charge:
    order: int
    cents: int


async def test_a_later_attempt_gets_the_results_and_does_not_run_the_steps_again(bench, app):
    done: list[str] = []
    seen: list[object] = []

    async def charge(order: int) -> Charge:
        done.append("charge")
        return Charge(order, 500)

    def pack() -> tuple[str, ...]:
        done.append("pack")
        return ("box", "tape")

    async def ship() -> None:
        done.append("ship")
        if done.count("ship") < 3:
            raise OSError("no van")

    @app.job("order", retry=AT_ONCE)
    async def order(job: Job) -> None:
        seen.append(await job.step("charge", charge, 7, result_type=Charge))
        seen.append(await job.step("pack", pack))
        assert await job.step("ship", ship) is None

    job = await app.enqueue("order")
    async with bench.working():
        await bench.reaches(job, "completed")
    assert done == ["charge", "pack", "ship", "ship", "ship"]
    # The first attempt sees what the later ones do: JSON has lists, no tuples.
    assert seen == [Charge(7, 500), ["box", "tape"]] * 3
    shown = await bench.show(job)
    assert [(one.name, one.attempt) for one in shown.steps] == [("charge", 1), ("pack", 1), ("ship", 3)]


async def test_a_step_without_a_result_is_kept_too_and_a_snooze_keeps_all(bench, app):
    done: list[int] = []

    @app.job("snoozing")
    async def snoozing(job: Job) -> None:
        await job.step("nothing", lambda: done.append(1))
        if len(done) == 1:
            done.append(2)
            raise Snooze(timedelta(0))

    job = await app.enqueue("snoozing")
    async with bench.working():
        await bench.reaches(job, "completed")
    assert done == [1, 2]


async def test_steps_may_run_beside_each_other_and_a_lambda_may_return_a_coroutine(bench, app):
    async def double(number: int) -> int:
        return number * 2

    @app.job("both")
    async def both(job: Job) -> list[int]:
        return await asyncio.gather(*(job.step(f"n{n}", lambda n=n: double(n)) for n in range(5)))

    job = await app.enqueue("both")
    async with bench.working():
        assert (await bench.reaches(job, "completed")).result == [0, 2, 4, 6, 8]


async def test_a_redriven_job_keeps_its_finished_steps(bench, app):
    done: list[str] = []

    @app.job("order", max_attempts=1)
    async def order(job: Job) -> None:
        await job.step("charge", lambda: done.append("charge"))
        done.append("tried")
        if done.count("tried") == 1:
            raise OSError

    job = await app.enqueue("order")
    async with bench.working():
        await bench.reaches(job, "dead")
        async with app.pool.acquire() as connection, connection.transaction():
            assert await redriving.redrive_job(connection, job.id)
        await bench.reaches(job, "completed")
    assert done == ["charge", "tried", "tried"]


async def test_a_name_is_used_once_an_attempt_and_has_a_bound(bench, app):
    @app.job("twice", max_attempts=1)
    async def twice(job: Job) -> None:
        with pytest.raises(ConfigurationError, match="1 to 200"):
            await job.step("n" * 201, lambda: 1)
        assert await job.step("same", lambda: 1) == 1
        await job.step("same", lambda: 2)

    job = await app.enqueue("twice")
    async with bench.working():
        shown = await bench.reaches(job, "dead")
    assert "'same' is used twice" in shown.error["message"]


@pytest.mark.parametrize(
    ("result", "message"),
    [(object(), "not JSON"), ("x" * STEP_LIMIT_BYTES, "limit is"), ("\x00", "U\\+0000")],
    ids=["no JSON", "too large", "NUL"],
)
async def test_a_result_that_cannot_be_kept_ends_the_job_instead_of_repeating_the_step(bench, app, result, message):
    @app.job("odd")
    async def odd(job: Job) -> None:
        await job.step("odd", lambda: result)

    job = await app.enqueue("odd")
    async with bench.working():
        shown = await bench.reaches(job, "failed")
    assert shown.error["type"].endswith("UnstorableResult")
    assert message.replace("\\", "") in shown.error["message"]


async def test_an_attempt_that_has_lost_its_job_keeps_nothing(bench, app, connection):
    caught: list[BaseException] = []
    started, go_on = asyncio.Event(), asyncio.Event()

    @app.job("slow")
    async def slow(job: Job) -> None:
        async def wait() -> int:
            started.set()
            await go_on.wait()
            return 1

        if caught:
            return
        try:
            await job.step("wait", wait)
        except StaleLeaseError as error:
            caught.append(error)
            raise

    job = await app.enqueue("slow")
    async with bench.working():
        await started.wait()
        await connection.execute("UPDATE headrace.run SET lease = nextval('headrace.lease')")
        go_on.set()
        await eventually(lambda: caught)
    assert await connection.fetchval("SELECT count(*) FROM headrace.step") == 0
    assert caught[0].job_id == job.id


async def test_steps_and_dependencies_go_when_the_jobs_they_belong_to_are_gone(bench, app, connection):
    @app.job("step")
    async def step(job: Job) -> None:
        await job.step("one", lambda: 1)

    old = await app.enqueue("step")
    older_dependent = await app.enqueue("step", depends_on=[old])
    new = await app.enqueue("step")
    new_dependent = await app.enqueue("step", depends_on=[new])
    async with bench.working():
        await bench.reaches(older_dependent, "completed")
        await bench.reaches(new_dependent, "completed")
    keeper = FlowKeeper(app.pool, telemetry=Telemetry())
    await keeper.run_once()
    assert await connection.fetchval("SELECT count(*) FROM headrace.step") == 4
    await connection.execute("DELETE FROM headrace.job WHERE id = ANY ($1)", [old.id, older_dependent.id])
    await keeper.run_once()
    assert {row["job_id"] for row in await connection.fetch("SELECT job_id FROM headrace.step")} == {
        new.id,
        new_dependent.id,
    }
    assert await connection.fetchval("SELECT job_id FROM headrace.dependency") == new_dependent.id
