"""A flow of a thousand jobs, many of which fail, ends as the model says while its workers are killed with -9."""

import random

import asyncpg
import pytest

from fix_apps import eventually, registered
from fix_flow import ends, random_parts
from headrace import Headrace

_COUNT = 1_000
_WORKERS = 2
_KILLS = 8


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_flow_of_a_thousand_jobs_ends_as_the_model_says(
    database: str, connection: asyncpg.Connection, start_worker, seed: int
):
    await connection.execute("CREATE TABLE public.written (job_id uuid PRIMARY KEY)")
    parts = random_parts(_COUNT, seed=seed, failing=0.15)
    expected = ends(parts)
    ending_count = sum(end != "held" for end in expected)
    assert {"completed", "failed", "dead", "cancelled", "held"} == set(expected), "the graph is too tame"

    chance = random.Random(seed)
    async with Headrace(database, say=lambda _: None) as app:
        app.declare("part")
        flow = app.flow()
        for number in chance.sample(range(_COUNT), _COUNT):
            part = parts[number]
            flow.add(
                str(number),
                "part",
                {"number": number, "fate": part.fate, "seconds": chance.uniform(0, 0.05)},
                depends_on=[str(one) for one in part.depends_on],
                on_failed_dependency=part.policy,
                max_attempts=2,
            )
        jobs = await flow.enqueue()

    async def ended() -> int:
        return await connection.fetchval("SELECT count(*) FROM headrace.outcome")

    workers = [start_worker(database, concurrency=8, buffer=16) for _ in range(_WORKERS)]
    await registered(connection, _WORKERS, timeout=60)
    for kill in range(1, _KILLS + 1):
        goal = ending_count * kill // (_KILLS + 2)

        async def has_come_so_far(goal: int = goal) -> bool:
            return await ended() >= goal

        await eventually(has_come_so_far, 60, what=f"{goal} jobs have ended")
        workers.pop(chance.randrange(_WORKERS)).kill()
        workers.append(start_worker(database, concurrency=8, buffer=16))

    async def all_have_ended() -> bool:
        return await ended() >= ending_count

    await eventually(all_have_ended, 120, what=f"{ending_count} jobs have ended")
    rows = await connection.fetch("SELECT id, state FROM headrace.job_state")
    states = {row["id"]: row["state"] for row in rows}
    found = [states[jobs[str(number)].id] for number in range(_COUNT)]
    assert ["held" if state == "scheduled" else state for state in found] == expected
    assert await connection.fetchval("SELECT count(*) FROM headrace.run WHERE state <> 'held'") == 0
    assert await connection.fetchval("SELECT count(*) FROM headrace.failure WHERE error ->> 'type' LIKE '%WorkerLost'")
    written = {row["job_id"] for row in await connection.fetch("SELECT job_id FROM public.written")}
    assert written == {
        jobs[str(number)].id for number, state in enumerate(found) if state == "completed" and number % 3 == 0
    }
