"""PostgreSQL goes away and comes back under real worker processes; sessions are cut again and again."""

import asyncio
import time

import asyncpg
import pytest

from fix_apps import eventually, opened_ledger, registered

pytestmark = pytest.mark.timeout(120)

_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


@pytest.mark.slow
async def test_every_job_ends_once_though_the_servers_sessions_are_cut_again_and_again(
    database, ledger, start_worker, server_dsn
):
    writes = await ledger.give("write", 1_500)
    notes = await ledger.give("note", 1_500)
    for _ in range(2):
        start_worker(database)
    await registered(ledger.connection, 2, 20)
    admin = await asyncpg.connect(server_dsn)
    try:
        name = await ledger.value("SELECT current_database()")
        ours = ledger.connection.get_server_pid()
        cut = 0
        ends = time.monotonic() + 4
        while time.monotonic() < ends:
            cut += await admin.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = $1 AND pid <> $2 AND application_name LIKE 'faults%'",
                name,
                ours,
            )
            await asyncio.sleep(0.15)
    finally:
        await admin.close()
    assert cut > 50
    await eventually(lambda: ledger.is_over(len(writes) + len(notes)), 45)
    assert await ledger.value("SELECT count(*) FROM public.written") == len(writes), (
        "with its completion, or not at all"
    )
    assert await ledger.value("SELECT count(DISTINCT job_id) FROM public.written") == len(writes)
    assert await ledger.value("SELECT count(DISTINCT job_id) FROM public.note WHERE what = 'ran'") == len(notes)
    assert await ledger.value("SELECT count(*) FROM headrace.run") == 0


@pytest.mark.slow
@pytest.mark.parametrize("crash", [False, True])
async def test_every_job_ends_once_though_the_server_is_restarted_and_away_for_twenty_seconds(
    durable_server, start_worker, crash
):
    dsn = durable_server.start()
    async with opened_ledger(dsn) as ledger:
        writes = len(await ledger.give("write", 6_000))
        notes = len(await ledger.give("note", 6_000))
        workers = [start_worker(dsn) for _ in range(2)]
        await eventually(lambda: ledger.value("SELECT count(*) > 500 FROM headrace.outcome"), 20)
        await asyncio.to_thread(durable_server.restart, immediate=crash)
    async with _reopened(dsn) as connection:
        await eventually(lambda: connection.fetchval("SELECT count(*) > 2000 FROM headrace.outcome"), 30)
    if crash:
        await asyncio.to_thread(durable_server.kill)
    else:
        await asyncio.to_thread(durable_server.stop)
    back_at = time.monotonic() + 20  # longer than a lease
    await eventually(lambda: time.monotonic() > back_at, 30)
    assert [worker.process.poll() for worker in workers] == [None, None]
    await asyncio.to_thread(durable_server.start)
    async with _reopened(dsn) as connection:

        async def is_over() -> bool:
            rows = await connection.fetch("SELECT state, count(*) FROM headrace.job_state GROUP BY 1")
            return dict(rows) == {"completed": writes + notes}

        await eventually(is_over, 60)
        assert await connection.fetchval("SELECT count(*) FROM public.written") == writes
        assert await connection.fetchval("SELECT count(DISTINCT job_id) FROM public.written") == writes
        assert await connection.fetchval("SELECT count(DISTINCT job_id) FROM public.note") == notes
        assert await connection.fetchval("SELECT count(*) FROM headrace.run") == 0


class _reopened:  # noqa: N801 - used as a function
    """A session in a server that is coming back."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def __aenter__(self) -> asyncpg.Connection:
        async def connect() -> asyncpg.Connection | None:
            try:
                return await asyncpg.connect(self._dsn)
            except _LOST:
                return None

        self._session = await eventually(connect, 20)
        return self._session

    async def __aexit__(self, *_: object) -> None:
        self._session.terminate()
