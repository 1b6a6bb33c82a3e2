"""Events that have left the log are read from their file, and brought back as they were."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from fix_apps import opened_bench
from fix_archive import DAY, OrderPlaced, PageViewed, append_all, keeping, moved_back, rows_of
from fix_tampering import tamper
from headrace import ArchiveError, EventRetention, Headrace, list_archived, read_archive, restore_archive
from headrace.cleanup import cleanup_old_events
from headrace.events.archive_file import data_file, manifest_file


@pytest.fixture
async def app(database, tmp_path):
    async with opened_bench(database, event_retention=keeping(tmp_path / "archive")) as bench:
        bench.app.register(PageViewed, OrderPlaced)
        yield bench.app


@pytest.fixture
async def gone(app, connection) -> tuple[Path, list[dict]]:
    """The file of a partition of 2,500 events that have left the log, and what they were."""
    await append_all(app, OrderPlaced(0), *(PageViewed(f'page {number} \u2028 "') for number in range(2500)))
    name = await moved_back(connection, 9)
    before = await rows_of(connection)
    await clean(app)
    assert await rows_of(connection) == []
    return data_file(app.event_retention.folder, name), before


async def clean(app: Headrace, retention: EventRetention | None = None):
    return await cleanup_old_events(
        app.pool, retention or app.event_retention, clock=app.clock, telemetry=app.telemetry
    )


async def test_a_file_is_read_without_a_database(gone):
    file, before = gone
    assert list(read_archive(file)) == before
    assert list(read_archive(manifest_file(file.parent, file.name.removesuffix(".jsonl.gz")))) == before


async def test_a_restored_partition_is_in_the_log_as_it_was(app, connection, gone):
    file, before = gone
    restored = await restore_archive(app.pool, file)
    assert (restored.event_count, restored.is_new) == (2500, True)
    assert await rows_of(connection) == before
    async with app.stepper() as stepper:
        await stepper.deliver()
    found = [event async for event in app.read(types=[PageViewed])]
    assert [event.position for event in found] == [row["position"] for row in before]
    assert found[7].data == PageViewed('page 7 \u2028 "')
    assert await connection.fetchval("SELECT tableoid::regclass::text FROM headrace.event WHERE position = 9") == (
        f"headrace.{restored.partition}"
    )


async def test_restoring_again_changes_nothing_but_how_long_it_is_kept(app, connection, gone):
    file, before = gone
    first = await restore_archive(app.pool, file, keep=DAY)
    (known,) = await list_archived(connection)
    again = await restore_archive(app.pool, file, keep=3 * DAY)
    (later,) = await list_archived(connection)
    assert (first.is_new, again.is_new) == (True, False)
    assert await rows_of(connection) == before
    assert later.keep_until - known.keep_until > DAY
    assert later.is_restored


async def test_two_who_restore_at_once_bring_it_back_once(app, connection, gone):
    file, before = gone
    both = await asyncio.gather(*(restore_archive(app.pool, file) for _ in "ab"))
    assert sorted(one.is_new for one in both) == [False, True]
    assert await rows_of(connection) == before


async def test_retention_leaves_it_alone_until_its_time_is_over_and_then_needs_no_new_export(app, connection, gone):
    file, _ = gone
    await restore_archive(app.pool, file)
    assert (await clean(app)).partition_count == 0
    await connection.execute("UPDATE headrace.event_archive SET keep_until = statement_timestamp()")
    stamp = file.stat().st_mtime_ns
    assert (await clean(app)).partition_count == 1
    assert file.stat().st_mtime_ns == stamp
    assert await rows_of(connection) == []
    (known,) = await list_archived(connection)
    assert (known.is_restored, known.file) == (False, file.name)


async def test_a_partition_of_positions_comes_back_too(app, connection):
    for name in ("event_1", "event_10000001"):
        await connection.execute(f"DROP TABLE headrace.{name}")
    await connection.execute("SELECT headrace.ensure_event_partition(3, 3)")
    async with app.transaction() as tx:
        for number in range(7):
            await tx.append(OrderPlaced(number))
    async with app.stepper() as stepper:
        await stepper.deliver()
    await tamper(connection, "UPDATE headrace.event SET recorded_at = recorded_at - interval '31 days'")
    before = await rows_of(connection, "domain")
    kept = EventRetention(domain=30 * DAY, archive=app.event_retention.folder)
    assert (await clean(app, kept)).partition_count == 2
    assert len(await rows_of(connection, "domain")) == 1
    for one in await list_archived(connection):
        await restore_archive(app.pool, app.event_retention.folder / one.file)
    assert await rows_of(connection, "domain") == before


async def test_a_damaged_file_is_refused_and_nothing_is_changed(app, connection, gone):
    file, _ = gone
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])
    with pytest.raises(ArchiveError, match=r"its SHA-256 is .* bring it from a backup"):
        await restore_archive(app.pool, file)
    with pytest.raises(ArchiveError, match="its SHA-256"):
        list(read_archive(file))
    file.unlink()
    with pytest.raises(ArchiveError, match="is missing"):
        await restore_archive(app.pool, file)
    manifest_file(file.parent, file.name.removesuffix(".jsonl.gz")).unlink()
    with pytest.raises(ArchiveError, match="there is no such file"):
        await restore_archive(app.pool, file)
    assert await rows_of(connection) == []


async def test_what_another_database_has_dropped_is_refused(app, connection, gone):
    file, _ = gone
    await connection.execute("UPDATE headrace.event_archive SET last_position = last_position + 1")
    with pytest.raises(ArchiveError, match="it is another database's"):
        await restore_archive(app.pool, file)
    await connection.execute("TRUNCATE headrace.event_archive")
    with pytest.raises(ArchiveError, match="this database has dropped no partition"):
        await restore_archive(app.pool, file)
    assert await connection.fetchval("SELECT to_regclass('headrace.' || $1)", file.name.split(".")[0]) is None


async def test_a_manifest_of_a_later_format_is_refused(gone, tmp_path):
    file, _ = gone
    other = tmp_path / "other"
    shutil.copytree(file.parent, other)
    path = manifest_file(other, file.name.removesuffix(".jsonl.gz"))
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": "headrace-events-2"}))
    with pytest.raises(ArchiveError, match="upgrade headrace"):
        list(read_archive(path))
    path.write_text("{}")
    with pytest.raises(ArchiveError, match="it is no manifest"):
        list(read_archive(path))
