import shutil
from pathlib import Path

import pytest

from fix_database import ask
from fix_embedded import NOT_SYNCED
from headrace.db.embedded import EmbeddedServer, EmbeddedServerError
from headrace.db.embedded.cluster import Condition, examine


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "files",
    [
        {"notes.txt": "mine"},
        {"PG_VERSION": ""},
        {"PG_VERSION": "18\n", "base/1/112": "half"},
        {"PG_VERSION": "\0\0\0", "global/pg_control": "\0"},
    ],
)
def test_a_half_made_data_directory_is_moved_aside_and_made_anew(server_root: Path, files: dict[str, str]):
    for name, text in files.items():
        file = server_root / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    before = contents(server_root / "data")
    lines: list[str] = []
    with EmbeddedServer(server_root, say=lines.append, settings=NOT_SYNCED) as dsn:
        assert ask(dsn, "SELECT 1") == 1
    assert contents(server_root / "data.broken-1") == before
    assert any("moved to data.broken-1" in line for line in lines)


def test_a_file_in_the_place_of_the_data_directory_is_moved_aside(server_root: Path):
    server_root.mkdir()
    (server_root / "data").write_text("mine")
    (server_root / "data.broken-1").write_text("older")
    with EmbeddedServer(server_root, settings=NOT_SYNCED) as dsn:
        assert ask(dsn, "SELECT 1") == 1
    assert (server_root / "data.broken-1").read_text() == "older"
    assert (server_root / "data.broken-2").read_text() == "mine"


def test_an_empty_data_directory_is_used(server_root: Path):
    (server_root / "data").mkdir(parents=True)
    with EmbeddedServer(server_root, settings=NOT_SYNCED) as dsn:
        assert ask(dsn, "SELECT 1") == 1
    assert not list(server_root.glob("data.*"))


def test_what_a_crashed_initdb_left_is_cleared(server_root: Path):
    left = server_root / "data.new-abc"
    (left / "base" / "1").mkdir(parents=True)
    (left / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(server_root, settings=NOT_SYNCED):
        pass
    assert not list(server_root.glob("data.new-*"))


def test_data_of_another_version_is_refused_and_untouched(server_root: Path):
    (server_root / "data" / "global").mkdir(parents=True)
    (server_root / "data" / "global" / "pg_control").write_text("control")
    (server_root / "data" / "PG_VERSION").write_text("16\n")
    before = contents(server_root / "data")
    with pytest.raises(EmbeddedServerError, match=r"made by PostgreSQL 16, this is PostgreSQL 18; dump it"):
        EmbeddedServer(server_root).start()
    assert contents(server_root / "data") == before


@pytest.mark.parametrize("lost", ["PG_VERSION", "global/pg_control"])
def test_damaged_data_that_holds_databases_is_refused_and_untouched(
    durable_server: EmbeddedServer, server_root: Path, lost: str
):
    durable_server.stop()
    (server_root / "data" / lost).unlink()
    before = contents(server_root / "data")
    with pytest.raises(EmbeddedServerError, match=r"holds databases.*restore it from a backup"):
        durable_server.start()
    assert contents(server_root / "data") == before


def test_a_damaged_control_file_fails_with_the_servers_words(durable_server: EmbeddedServer, server_root: Path):
    durable_server.stop()
    control = server_root / "data" / "global" / "pg_control"
    control.write_bytes(b"\0" * control.stat().st_size)
    with pytest.raises(EmbeddedServerError, match=r"(?s)did not start.*(FATAL|PANIC).*HEADRACE_DATABASE_URL"):
        durable_server.start()


def test_a_moved_folder_keeps_its_data(durable_server: EmbeddedServer, server_root: Path):
    ask(durable_server.start(), "CREATE TABLE kept AS SELECT 1 AS n")
    durable_server.stop()
    moved = server_root.with_name("moved")
    shutil.move(server_root, moved)
    with EmbeddedServer(moved) as dsn:
        assert ask(dsn, "SELECT n FROM kept") == 1


def test_a_complete_data_directory_is_seen_as_ready(durable_server: EmbeddedServer, server_root: Path):
    assert examine(server_root / "data") is Condition.READY
    assert examine(server_root / "no such") is Condition.ABSENT
