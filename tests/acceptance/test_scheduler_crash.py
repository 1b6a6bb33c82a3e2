"""The process that leads the schedules is killed, or hangs: the next tick fires all the same, and none twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest

from fix_apps import APPS, eventually, registered
from fix_schedules import fired_at

PATIENT = 30
LEADER = """
    SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE application_name = 'ticking leader schedules' AND locktype = 'advisory' AND granted
      AND datname = current_database()
"""

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def start(database: str, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen]]:
    """Starts worker processes of the app in `apps/ticking.py`; all end with the test."""
    started: list[subprocess.Popen] = []
    path = os.pathsep.join([str(APPS), *filter(None, [os.environ.get("PYTHONPATH")])])

    def start() -> subprocess.Popen:
        with (tmp_path / f"worker-{len(started)}.log").open("wb") as log:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "headrace.cli", "--app", "ticking:app", "worker"],
                    env={**os.environ, "HEADRACE_DATABASE_URL": database, "PYTHONPATH": path},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
async def leader(start: Callable[[], subprocess.Popen], connection: asyncpg.Connection) -> subprocess.Popen:
    """The process that leads, of two that run."""
    first = start()
    await eventually(lambda: connection.fetchval(LEADER), PATIENT)
    start()
    await registered(connection, 2, PATIENT)
    await fires(connection, after=None)
    return first


async def fires(connection: asyncpg.Connection, *, after: datetime | None) -> None:
    """Waits until three more ticks are fired and run."""

    async def has_more() -> bool:
        ticks = [at for at in await fired_at(connection) if after is None or at > after]
        return len(ticks) >= 3 and await connection.fetchval(
            "SELECT count(*) >= 3 FROM headrace.outcome WHERE result #>> '{}' > $1",
            "" if after is None else after.isoformat(),
        )

    await eventually(has_more, PATIENT)


async def require_each_once(connection: asyncpg.Connection) -> None:
    ticks = await fired_at(connection)
    assert {later - earlier for earlier, later in pairwise(ticks)} == {timedelta(seconds=1)}


async def test_ticks_go_on_after_the_leader_is_killed(leader: subprocess.Popen, connection: asyncpg.Connection):
    leader.kill()
    leader.wait()
    await fires(connection, after=(await fired_at(connection))[-1])
    await require_each_once(connection)


@pytest.mark.slow
async def test_ticks_go_on_while_the_leader_hangs_and_after(leader: subprocess.Popen, connection: asyncpg.Connection):
    leader.send_signal(signal.SIGSTOP)
    await fires(connection, after=(await fired_at(connection))[-1])
    leader.send_signal(signal.SIGCONT)
    await fires(connection, after=(await fired_at(connection))[-1])
    await require_each_once(connection)
