"""Real worker processes: a pause that all of them keep, results that outlive a restart of the server."""

import asyncio
from datetime import timedelta

import pytest

from fix_apps import eventually, opened_bench, registered
from headrace.db.listener import RESULTS_CHANNEL

pytestmark = pytest.mark.timeout(60)
PATIENCE = timedelta(seconds=30)


async def test_every_worker_process_keeps_a_pause_until_it_is_resumed(ledger, database, start_worker):
    for _ in range(2):
        start_worker(database)
    await registered(ledger.connection, 2, 20)
    queues = ledger.sender.queues
    before = await ledger.sender.enqueue("count", {"number": 1})
    assert await before.result(timeout=PATIENCE) == 1
    await queues.pause("default", by="ada")
    held = await ledger.sender.enqueue_many("note", [{"number": number} for number in range(20)])
    # Workers are told of them at once, and look by themselves each second.
    marks = await ledger.value("SELECT array_agg(heartbeat_at ORDER BY id) FROM headrace.worker")
    await eventually(
        lambda: ledger.value(
            "SELECT bool_and(heartbeat_at > $1::timestamptz + interval '1500 ms') FROM headrace.worker", max(marks)
        ),
        20,
    )
    assert await ledger.notes("ran") == 0
    await queues.resume("default", by="ada")
    results = await asyncio.gather(*(job.result(timeout=PATIENCE) for job in held))
    assert results == list(range(20))
    assert await ledger.notes("ran") == 20


@pytest.mark.slow
async def test_a_result_is_awaited_through_a_restart_of_the_server(durable_server, start_worker):
    dsn = durable_server.start()
    async with opened_bench(dsn, migrating=True) as bench:
        bench.app.declare("count", result_type=int)
        later = await bench.app.enqueue("count", {"number": 7}, delay=timedelta(seconds=6))
        waiting = [asyncio.create_task(later.result(timeout=PATIENCE)) for _ in range(3)]
        await eventually(lambda: bench.value("SELECT is_awaited FROM headrace.run WHERE job_id = $1", later.id))
        await eventually(lambda: bench.app.listener.hears(RESULTS_CHANNEL))
        start_worker(dsn)
        await eventually(lambda: bench.value("SELECT count(*) = 1 FROM headrace.worker"), 20)
        await asyncio.to_thread(durable_server.restart, immediate=True)
        assert await asyncio.gather(*waiting) == [7, 7, 7]
