"""The process that exports and drops old events is killed at each step: another goes on, and no event is lost."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from fix_apps import WorkerProcess, eventually, opened_bench
from fix_archive import OrderPlaced, PageViewed, append_all, keeping, lines_of, moved_back, rows_of
from headrace.cleanup import cleanup_old_events
from headrace.events.archive_file import manifest_file, read_manifest, require_whole

pytestmark = pytest.mark.timeout(120)

EVENTS = 30_000
PATIENT = 40
FILLING = """SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND query LIKE '%fill_event_partition%')"""


@pytest.fixture
async def old(database: str, connection: asyncpg.Connection) -> str:
    """Many events of a partition whose time is over, and a few that stay; the partition's name."""
    async with opened_bench(database) as bench:
        bench.app.register(PageViewed, OrderPlaced)
        await append_all(bench.app, *(PageViewed(f"page {number}") for number in range(EVENTS)))
        name = await moved_back(connection, 9)
        await append_all(bench.app, OrderPlaced(1), PageViewed("today"))
    return name


@pytest.fixture
def cleaning(database, tmp_path: Path, start_worker, monkeypatch) -> tuple[Path, Callable[..., WorkerProcess]]:
    """The archive, and what starts a worker that kills itself at a record."""
    folder = tmp_path / "archive"
    monkeypatch.setenv("CLEANING_ARCHIVE", str(folder))

    def start(dies_at: str = "never") -> WorkerProcess:
        monkeypatch.setenv("CLEANING_DIES_AT", dies_at)
        return start_worker(database, app="cleaning:app")

    return folder, start


async def is_there(connection: asyncpg.Connection, name: str) -> bool:
    return await connection.fetchval("SELECT to_regclass('headrace.' || $1) IS NOT NULL", name)


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("writing", marks=pytest.mark.slow),
        "events.exported",
        pytest.param("events.dropped", marks=pytest.mark.slow),
    ],
)
async def test_a_killed_cleanup_loses_nothing_and_another_ends_it(database, connection, old, cleaning, moment):
    folder, start = cleaning
    before = [row for row in await rows_of(connection) if row["data"]["page"] != "today"]
    assert len(before) == EVENTS

    first = start(moment)
    if moment == "writing":
        await eventually(lambda: any(folder.glob(".*.partial")), PATIENT)
        first.kill()
        assert not list(folder.glob("*.json")), "it was killed too late to be of use"
    else:
        assert await first.ends(PATIENT) == -9
    assert await is_there(connection, old) == (moment != "events.dropped")
    if moment == "events.exported":
        assert lines_of(folder, old) == before

    second = start()

    async def is_over() -> bool:
        counts = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM headrace.outcome"
            " WHERE kind = 'cleanup-old-events' AND state = 'completed') AS done,"
            " (SELECT count(*) FROM headrace.run WHERE kind = 'cleanup-old-events') AS living"
        )
        return not await is_there(connection, old) and (counts["done"], counts["living"]) == (1, 0)

    await eventually(is_over, PATIENT)
    second.kill()
    assert lines_of(folder, old) == before
    require_whole(folder, read_manifest(manifest_file(folder, old)))
    known = await connection.fetchrow("SELECT event_count, file FROM headrace.event_archive")
    assert tuple(known) == (EVENTS, f"{old}.jsonl.gz")
    assert [row["data"]["page"] for row in await rows_of(connection)] == ["today"]
    assert len(await rows_of(connection, "domain")) == 1


@pytest.mark.slow
async def test_two_that_clean_up_at_once_do_it_once(database, connection, old, tmp_path: Path):
    """The job is one at a time, but a command may run beside it: the same bytes under the same name, and one drop."""
    folder = tmp_path / "archive"
    before = [row for row in await rows_of(connection) if row["data"]["page"] != "today"]
    async with opened_bench(database, event_retention=keeping(folder)) as bench:
        app = bench.app
        both = await asyncio.gather(
            *(cleanup_old_events(app.pool, app.event_retention, clock=app.clock, telemetry=app.telemetry) for _ in "ab")
        )
        assert len(bench.records.named("events.dropped")) == 1
        assert sorted(map(len, (one.postponed for one in both))) == [0, 1]
    assert lines_of(folder, old) == before
    assert not await is_there(connection, old)
    assert await connection.fetchval("SELECT count(*) FROM headrace.event_archive") == 1


@pytest.mark.slow
async def test_a_killed_restore_leaves_nothing_and_can_be_done_again(database, connection, old, tmp_path: Path):
    folder = tmp_path / "archive"
    async with opened_bench(database, event_retention=keeping(folder)) as bench:
        app = bench.app
        before = [row for row in await rows_of(connection) if row["data"]["page"] != "today"]
        await cleanup_old_events(app.pool, app.event_retention, clock=app.clock, telemetry=app.telemetry)
    command = [sys.executable, "-m", "headrace.cli", "events", "archive", "restore", str(folder / f"{old}.jsonl.gz")]
    environment = {**os.environ, "HEADRACE_DATABASE_URL": database}
    first = await asyncio.create_subprocess_exec(*command, env=environment)
    await eventually(lambda: connection.fetchval(FILLING), PATIENT)
    first.kill()
    assert await first.wait() == -9
    await eventually(lambda: connection.fetchval(f"SELECT NOT ({FILLING.removeprefix('SELECT ')})"), PATIENT)
    assert not await is_there(connection, old)

    second = await asyncio.create_subprocess_exec(*command, env=environment)
    assert await second.wait() == 0
    assert [row for row in await rows_of(connection) if row["data"]["page"] != "today"] == before
