"""Random flows with random failures end as a model of them says."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fix_apps import AT_ONCE, eventually
from fix_flow import FATES, POLICIES, Part, ends
from headrace import Cancel, Discard, Flow, Headrace, Job, Retry, Snooze


@st.composite
def graphs(draw: st.DrawFn, *, most: int = 50) -> list[Part]:
    count = draw(st.integers(1, most))
    chosen = st.sampled_from
    return [
        Part(
            depends_on=tuple(draw(st.sets(st.integers(0, number - 1), max_size=4))) if number else (),
            policy=draw(chosen(POLICIES)),
            fate=draw(st.one_of(st.just("completed"), chosen(FATES))),
        )
        for number in range(count)
    ]


def flow_of(app: Headrace, parts: list[Part]) -> Flow:
    flow = app.flow()
    for number, part in reversed(list(enumerate(parts))):
        flow.add(
            str(number),
            "part",
            [number, part.fate],
            depends_on=[str(one) for one in part.depends_on],
            on_failed_dependency=part.policy,
            max_attempts=2,
        )
    return flow


def part_of(app: Headrace, started: list[int]) -> None:
    """The handler of every part: some snooze or retry first, then each meets its fate."""
    snoozed: set[int] = set()

    @app.job("part", retry=AT_ONCE)
    async def part(args: tuple[int, str], job: Job) -> int:
        number, fate = args
        results = await job.dependency_results()
        assert all(not one.is_open for one in results.values()), "it runs before it may"
        assert all(one.result == int(name) for name, one in results.items() if one.state == "completed")
        started.append(number)
        await asyncio.sleep(0)
        if number % 5 == 0 and number not in snoozed:
            snoozed.add(number)
            raise Snooze(timedelta(0))
        if number % 7 == 0 and job.attempt == 1:
            raise Retry(after=timedelta(0))
        match fate:
            case "failed":
                raise Discard("its fate")
            case "dead":
                raise RuntimeError("its fate")
            case "cancelled":
                raise Cancel("its fate")
        return number


async def run(dsn: str, parts: list[Part]) -> tuple[list[str], set[int]]:
    """The state of each part once nothing moves any more, and which of them began."""
    started: list[int] = []
    app = Headrace(dsn, say=lambda _: None)
    part_of(app, started)
    await app.open(migrating=None)
    try:
        jobs = await flow_of(app, parts).enqueue()
        async with app.process(), app.pool.acquire() as connection:

            async def is_quiet() -> bool:
                return not await connection.fetchval("SELECT EXISTS (SELECT FROM headrace.run WHERE state <> 'held')")

            await eventually(is_quiet, 15)
            rows = await connection.fetch("SELECT id, state FROM headrace.job_state")
            states = {row["id"]: "held" if row["state"] == "scheduled" else row["state"] for row in rows}
            await connection.execute("TRUNCATE headrace.run, headrace.job, headrace.outcome, headrace.dependency")
    finally:
        await app.close()
    return [states[jobs[str(number)].id] for number in range(len(parts))], set(started)


@pytest.mark.timeout(120)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graphs())
def test_every_job_of_a_random_flow_ends_as_the_model_says(flow_database: str, parts: list[Part]):
    found, started = asyncio.run(run(flow_database, parts))
    expected = ends(parts)
    assert found == expected
    ran = {number for number, part in enumerate(parts) if _runs(parts, expected, number)}
    assert started == ran


def _runs(parts: list[Part], expected: list, number: int) -> bool:
    before = [expected[one] for one in parts[number].depends_on]
    if "held" in before:
        return False
    return parts[number].policy == "run" or all(end == "completed" for end in before)


@pytest.fixture
def flow_database(database: str) -> str:
    """The test's database; examples clear it."""
    return database


def test_the_model_itself():
    parts = [
        Part((), "cancel", "failed"),
        Part((0,), "cancel", "completed"),
        Part((0,), "run", "completed"),
        Part((0,), "hold", "completed"),
        Part((2, 3), "run", "completed"),
        Part((0, 3), "cancel", "completed"),
        Part((2,), "hold", "dead"),
    ]
    assert ends(parts) == ["failed", "cancelled", "completed", "held", "held", "cancelled", "dead"]
