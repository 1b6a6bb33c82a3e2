import getpass
import json

import pytest

from fix_apps import opened_bench
from fix_archive import PageViewed, append_all, lines_of, moved_back, rows_of


@pytest.fixture
async def old(database, connection) -> str:
    """A partition of two events whose time is over."""
    async with opened_bench(database) as bench:
        bench.app.register(PageViewed)
        await append_all(bench.app, PageViewed("a"), PageViewed("b"))
        return await moved_back(connection, 9)


@pytest.mark.timeout(60)
async def test_what_would_go_is_shown_and_then_goes_into_the_archive(headrace, connection, old, tmp_path, monkeypatch):
    monkeypatch.setenv("CLEANING_ARCHIVE", str(tmp_path / "archive"))
    dry = await headrace("--app", "cleaning:app", "events", "retention", "--dry-run", "--json")
    assert [(one["partition"], one["fate"], one["event_count"]) for one in dry.json] == [(old, "export", 2)]
    assert len(await rows_of(connection)) == 2
    done = await headrace("--app", "cleaning:app", "events", "cleanup-old-events")
    assert (done.code, f"{old}.jsonl.gz" in done.out) == (0, True)
    assert await rows_of(connection) == []
    assert len(lines_of(tmp_path / "archive", old)) == 2


@pytest.mark.timeout(60)
async def test_what_has_gone_is_listed_read_and_restored(headrace, connection, old, tmp_path, monkeypatch):
    monkeypatch.setenv("CLEANING_ARCHIVE", str(tmp_path / "archive"))
    before = await rows_of(connection)
    await headrace("--app", "cleaning:app", "events", "retention")
    file = str(tmp_path / "archive" / f"{old}.jsonl.gz")
    listed = await headrace("events", "archive", "list", "--json")
    assert [(one["partition"], one["event_count"], one["file"]) for one in listed.json] == [(old, 2, f"{old}.jsonl.gz")]
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    read = await headrace("events", "archive", "read", file, "--after", "1", dsn=nowhere)
    assert [json.loads(line) for line in read.out.splitlines()] == before[1:]
    missing = await headrace("events", "archive", "read", f"{file}.not", dsn=nowhere)
    assert (missing.code, "there is no such file" in missing.err) == (1, True)
    done = await headrace("events", "archive", "restore", file, "--keep", "2", "--reason", "asked")
    assert done.out == f"{old} is in the log again, with 2 events, for 2 days\n"
    operation = await connection.fetchrow("SELECT action, actor, reason FROM headrace.operation")
    assert tuple(operation) == ("archive.restored", getpass.getuser(), "asked")
    assert await rows_of(connection) == before
    shown = await headrace("events", "archive", "list")
    assert (shown.code, old in shown.out) == (0, True)
