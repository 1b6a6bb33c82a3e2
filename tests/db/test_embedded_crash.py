import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest

from fix_database import ask
from fix_embedded import is_running
from headrace.db.embedded import EmbeddedServer, EmbeddedServerError
from headrace.db.embedded.postmaster import marker
from headrace.db.embedded.processes import marked


def test_a_server_killed_with_9_comes_back_with_everything_committed(durable_server: EmbeddedServer):
    dsn = durable_server.start()
    ask(dsn, "CREATE TABLE kept AS SELECT 1 AS n")
    durable_server.kill()
    assert durable_server.pid is None
    assert durable_server.start() == dsn
    assert ask(dsn, "SELECT n FROM kept") == 1


async def test_sessions_that_outlive_the_killed_server_are_not_in_the_way(
    durable_server: EmbeddedServer, server_root: Path
):
    dsn = durable_server.start()
    session = await asyncpg.connect(dsn)
    backend = await session.fetchval("SELECT pg_backend_pid()")
    os.kill(backend, signal.SIGSTOP)  # it cannot notice that its server died
    os.kill(durable_server.pid, signal.SIGKILL)
    assert durable_server.start() == dsn
    assert not is_running(backend)
    assert await asyncio.to_thread(ask, dsn, "SELECT 1") == 1
    session.terminate()


@pytest.mark.parametrize("content", ["", "not a pid\n", "999999999\n", "{own}\n/somewhere\n1\n5432\n"])
def test_a_stale_pid_file_heals_whatever_it_says(durable_server: EmbeddedServer, server_root: Path, content: str):
    durable_server.kill()
    (server_root / "data" / "postmaster.pid").write_text(content.format(own=os.getpid()))
    assert ask(durable_server.start(), "SELECT 1") == 1


def test_a_pid_file_that_names_a_foreign_process_leaves_that_process_alone(
    durable_server: EmbeddedServer, server_root: Path
):
    durable_server.kill()
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (server_root / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n{server_root / 'data'}\n")
        assert ask(durable_server.start(), "SELECT 1") == 1
        durable_server.stop()
        assert stranger.poll() is None
    finally:
        stranger.communicate()


def test_a_socket_left_behind_is_not_in_the_way(durable_server: EmbeddedServer, server_root: Path):
    durable_server.stop()
    left = server_root / "socket" / ".s.PGSQL.5432"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(left))
    left.with_name(f"{left.name}.lock").write_text(f"{os.getpid()}\n")
    assert ask(durable_server.start(), "SELECT 1") == 1


def test_a_server_somebody_else_started_there_is_left_alone(durable_server: EmbeddedServer, server_root: Path):
    pid = durable_server.pid
    command = psutil.Process(pid).cmdline()
    owner = psutil.Process(pid).uids().real
    durable_server.stop()
    ours = next(place for place, part in enumerate(command) if part.startswith("cluster_name="))
    without_our_name = command[: ours - 1] + command[ours + 1 :]
    lent = {"user": owner, "group": (server_root / "data").stat().st_gid, "extra_groups": []}
    other = subprocess.Popen(
        without_our_name,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **(lent if os.geteuid() == 0 else {}),
    )
    try:
        for line in other.stdout:
            if "ready to accept connections" in line:
                break
        with pytest.raises(EmbeddedServerError, match=rf"pid {other.pid}.*pg_ctl stop"):
            durable_server.start()
        assert other.poll() is None
    finally:
        other.terminate()
        other.communicate()


def test_a_server_left_by_a_killed_user_is_adopted_and_then_ended(server_root: Path, server_user):
    user = server_user(server_root)
    pid = user.wait_started()
    user.kill()
    assert is_running(pid)
    with EmbeddedServer(server_root) as _:
        assert EmbeddedServer(server_root).pid == pid
    assert not is_running(pid)


def test_a_killed_user_counts_no_longer(durable_server: EmbeddedServer, server_root: Path, server_user):
    user = server_user(server_root)
    pid = user.wait_started()
    user.kill()
    durable_server.stop()
    assert not is_running(pid)


def test_a_server_without_users_can_be_ended_by_one_that_never_used_it(server_root: Path, server_user):
    user = server_user(server_root)
    pid = user.wait_started()
    EmbeddedServer(server_root).stop()
    assert is_running(pid)
    user.kill()
    EmbeddedServer(server_root).stop()
    assert not is_running(pid)


def test_processes_that_start_at_once_share_one_server(server_root: Path, server_user):
    users = [server_user(server_root) for _ in range(4)]
    pids = {user.wait_started() for user in users}
    assert len(pids) == 1
    for user in users[:-1]:
        user.leave()
    assert is_running(*pids)
    users[-1].leave()
    assert not is_running(*pids)
    assert not marked(marker(server_root / "data"))


def test_a_ctrl_c_in_the_terminal_does_not_reach_the_server(server_root: Path, server_user):
    user = server_user(server_root)
    pid = user.wait_started()
    with EmbeddedServer(server_root):
        os.killpg(user.process.pid, signal.SIGINT)
        # Before its input is closed: an end of file that comes together with the signal would end it in good order.
        user.process.wait()
        user.process.communicate()
        assert user.process.returncode == -signal.SIGINT
        assert is_running(pid)
    assert not is_running(pid)


def test_a_start_killed_on_its_way_leaves_nothing_that_hurts(server_root: Path, server_user):
    user = server_user(server_root)
    while not list(server_root.glob("data.new-*/PG_VERSION")) and user.process.poll() is None:
        pass
    user.kill()
    assert not (server_root / "data").exists()
    with EmbeddedServer(server_root) as dsn:
        assert ask(dsn, "SELECT 1") == 1
