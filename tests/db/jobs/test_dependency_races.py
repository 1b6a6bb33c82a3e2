"""What waits is freed exactly once, however many end, begin, cancel and retry at the same moment."""

import asyncio
import random
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from headrace import Headrace, Job
from headrace.jobs import redriving, store
from headrace.jobs.cancelling import cancel_jobs
from headrace.jobs.enqueue import prepare
from headrace.jobs.job import Claim
from headrace.jobs.outcome import Ended
from headrace.jobs.registry import describe

KIND = describe("noop", None, job_type=Job)
WRITERS = 16
ERROR = '{"type": "E", "message": "m"}'


@pytest.fixture
async def writers(database: str):
    connections = await asyncio.gather(*(asyncpg.connect(database) for _ in range(WRITERS)))
    yield connections
    await asyncio.gather(*(one.close() for one in connections))


async def enqueue(connection, **options) -> UUID:
    async with connection.transaction():
        return (await store.insert_jobs(connection, [prepare(KIND, None, **options)]))[0].id


async def finish(connection, job_ids, state="completed") -> set[UUID]:
    """Claims by hand and ends, in one transaction's worth of statements, those that wait."""
    rows = await connection.fetch(
        "UPDATE headrace.run SET state = 'processing', attempt = attempt + 1, lease = nextval('headrace.lease'),"
        " worker_id = 1 WHERE job_id IN (SELECT job_id FROM headrace.run WHERE job_id = ANY ($1)"
        " AND state = 'waiting' ORDER BY job_id FOR UPDATE SKIP LOCKED) RETURNING job_id, attempt, lease",
        job_ids,
    )
    ended = [
        store.Settlement(Claim(row["job_id"], row["attempt"], row["lease"]), Ended(state), timedelta(0)) for row in rows
    ]
    random.shuffle(ended)
    return await store.finish_jobs(connection, ended)


async def state_counts(connection) -> dict[str, int]:
    return dict(await connection.fetch("SELECT state, count(*) FROM headrace.job_state GROUP BY 1"))


@pytest.mark.timeout(60)
async def test_sixteen_finishers_free_shared_dependents_once(connection, writers):
    for _ in range(10):
        first = [await enqueue(connection) for _ in range(WRITERS * 2)]
        last = [await enqueue(connection, depends_on=random.sample(first, len(first))) for _ in range(5)]
        shares = [first[n::WRITERS] for n in range(WRITERS)]
        await asyncio.gather(*(finish(writer, share) for writer, share in zip(writers, shares, strict=True)))
        rows = await connection.fetch("SELECT state, waits_for FROM headrace.run WHERE job_id = ANY ($1)", last)
        assert [tuple(row) for row in rows] == [("waiting", 0)] * 5
        assert await connection.fetchval("SELECT count(*) FROM headrace.dependency WHERE is_open") == 0
        await finish(connection, last)


@pytest.mark.timeout(60)
async def test_enqueuing_on_jobs_that_end_meanwhile_misses_no_end(connection, writers):
    half = WRITERS // 2
    for round_number in range(10):
        first = [await enqueue(connection) for _ in range(half * 4)]
        state = "completed" if round_number % 2 else "failed"
        shares = [first[n::half] for n in range(half)]

        async def depend(writer, first=first) -> list[UUID]:
            return [
                await enqueue(writer, depends_on=random.sample(first, 9), on_failed_dependency="run") for _ in range(6)
            ]

        made, _ = await asyncio.gather(
            asyncio.gather(*(depend(writer) for writer in writers[:half])),
            asyncio.gather(
                *(finish(writer, share, state) for writer, share in zip(writers[half:], shares, strict=True))
            ),
        )
        await finish(connection, first, state)  # those that were locked by enqueuers and so passed over
        rows = await connection.fetch("SELECT state, waits_for FROM headrace.run")
        assert [tuple(row) for row in rows] == [("waiting", 0)] * (half * 6)
        assert await finish(connection, [one for ids in made for one in ids])
        assert (await state_counts(connection)).keys() <= {"completed", "failed"}


@pytest.mark.timeout(60)
async def test_cascades_that_cross_each_other_do_not_deadlock(connection, writers):
    """Layers of jobs, each on several of the layer before; every writer fails, cancels or completes some."""
    layers = [[await enqueue(connection) for _ in range(20)]]
    for _ in range(6):
        layers.append(
            [
                await enqueue(
                    connection,
                    depends_on=random.sample(layers[-1], 4),
                    on_failed_dependency=random.choice(["cancel", "run"]),
                )
                for _ in range(20)
            ]
        )
    every = [one for layer in layers for one in layer]

    async def work(writer, number: int) -> None:
        for layer in layers:
            chosen = random.sample(layer, len(layer))
            if number % 4 == 0:
                await cancel_jobs(writer, chosen[:2], by="me", error=ERROR)
            for one in chosen:
                await finish(writer, [one], random.choice(["completed", "completed", "dead"]))

    await asyncio.gather(*(work(writer, number) for number, writer in enumerate(writers)))
    for layer in layers:
        await finish(connection, layer)
    states = await state_counts(connection)
    assert sum(states.values()) == len(every)
    assert states.keys() <= {"completed", "dead", "cancelled"}, "somebody was forgotten"


@pytest.mark.timeout(60)
async def test_retrying_and_ending_at_once_forgets_nobody(database, connection, writers):
    async with Headrace(database, say=lambda _: None):
        for _ in range(10):
            first = [await enqueue(connection) for _ in range(6)]
            last = [await enqueue(connection, depends_on=first, on_failed_dependency="hold") for _ in range(3)]
            await finish(connection, first[:4], "dead")

            async def retry(writer, first=first) -> None:
                async with writer.transaction():
                    await redriving.redrive_jobs(writer, random.sample(first, len(first)))

            async def cancel_and_retry(writer, last=last) -> None:
                await cancel_jobs(writer, last[:1], by="me", error=ERROR)
                async with writer.transaction():
                    await redriving.redrive_jobs(writer, last)

            async def complete(writer, first=first) -> None:
                for one in random.sample(first, len(first)):
                    await finish(writer, [one])

            await asyncio.gather(
                *(retry(writer) for writer in writers[:5]),
                *(cancel_and_retry(writer) for writer in writers[5:8]),
                *(complete(writer) for writer in writers[8:]),
            )
            await complete(connection)
            async with connection.transaction():
                await redriving.redrive_jobs(connection, [*first, *last])
            await complete(connection)
            rows = await connection.fetch("SELECT job_id, state, waits_for FROM headrace.run")
            assert [tuple(row)[1:] for row in rows] == [("waiting", 0)] * 3, rows
            await finish(connection, last)
