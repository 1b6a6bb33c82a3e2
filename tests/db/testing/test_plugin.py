"""The plugin in a test run of somebody else's: real pytest processes on the server of ours."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import headrace
from fix_database import ask
from headrace.testing.plugin import _named_app

pytestmark = pytest.mark.timeout(120)

SHOP = """
from datetime import timedelta
from headrace import Headrace, Job

app = Headrace(name="shop", say=lambda line: None)
ran = []

@app.job("note")
async def note(args: int) -> None:
    ran.append(args)
"""
TESTS = """
from datetime import timedelta
import pytest
import shop
from headrace import SystemClock
from headrace.testing import VirtualClock, assert_no_jobs, drain

async def test_the_app_is_open_on_a_database_of_its_own(headrace_app, headrace_database):
    assert headrace_app is shop.app
    assert isinstance(headrace_app.clock, SystemClock)
    await assert_no_jobs(headrace_app)
    await headrace_app.enqueue("note", 1)
    assert (await drain(headrace_app)).kinds == {"note": 1}

async def test_the_next_test_finds_nothing_of_it(headrace_app, headrace_clock):
    await assert_no_jobs(headrace_app)
    assert headrace_app.clock is headrace_clock
    await headrace_app.enqueue("note", 2, delay=timedelta(days=1))
    assert (await drain(headrace_app, until=timedelta(days=2))).kinds == {"note": 1}

def test_a_plain_test_gets_a_database_too(headrace_database):
    assert headrace_database.startswith("postgres")
"""


def run_pytest(
    folder: Path, *arguments: str, dsn: str | None, settings: Sequence[str] = (), **files: str
) -> subprocess.CompletedProcess[str]:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    source = str(Path(headrace.__file__).parents[1])
    ini = "[pytest]\nasyncio_default_fixture_loop_scope = function\n" + "".join(f"{line}\n" for line in settings)
    (folder / "pytest.ini").write_text(ini)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([source, str(folder)]), "TMPDIR": str(folder)}
    environment.pop("PYTEST_XDIST_WORKER", None)
    environment.pop("HEADRACE_DATABASE_URL", None)
    if dsn is not None:
        environment["HEADRACE_DATABASE_URL"] = dsn
    command = [sys.executable, "-m", "pytest", "-p", "headrace.testing.plugin", "-p", "no:cacheprovider", "-v"]
    return subprocess.run(
        [*command, "-W", "error", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("mode", [pytest.param("auto", marks=pytest.mark.slow), "strict"])
def test_an_app_is_tested_on_a_given_server_and_nothing_of_it_stays(tmp_path: Path, server_dsn: str, mode: str):
    settings = ["headrace_app = shop:app", f"asyncio_mode = {mode}"]
    marks = "" if mode == "auto" else "\npytestmark = [pytest.mark.asyncio]\n"
    tests = TESTS if mode == "auto" else TESTS.replace("def test_a_plain", "async def test_a_plain") + marks
    done = run_pytest(tmp_path, dsn=server_dsn, settings=settings, shop=SHOP, test_shop=tests)
    assert "3 passed" in done.stdout, done.stdout + done.stderr
    folders = [path.name for path in tmp_path.iterdir() if path.name.startswith("headrace-tests-")]
    assert folders == []


@pytest.mark.slow
def test_workers_of_one_run_share_a_template_and_clear_it_away(tmp_path: Path, server_dsn: str):
    settings = ["headrace_app = shop:app", "asyncio_mode = auto"]
    look = "\n\nasync def test_the_template_is_there(headrace_app, headrace_template):\n    print(headrace_template)\n"
    done = run_pytest(tmp_path, "-n", "2", "-rP", dsn=server_dsn, settings=settings, shop=SHOP, test_shop=TESTS + look)
    assert "4 passed" in done.stdout, done.stdout + done.stderr
    (template,) = {line for line in done.stdout.splitlines() if line.startswith("headrace_")}
    assert ask(server_dsn, f"SELECT count(*) FROM pg_database WHERE datname LIKE '{template[:17]}%'") == 0


def test_a_run_that_asks_for_nothing_reaches_for_no_server(tmp_path: Path):
    done = run_pytest(
        tmp_path, dsn="postgresql://nobody@127.0.0.1:1/none", test_plain="def test_plain():\n    assert True\n"
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("headrace-")] == []


def test_without_an_app_named_the_fixture_says_what_to_do(tmp_path: Path, server_dsn: str):
    done = run_pytest(
        tmp_path, dsn=server_dsn, settings=["asyncio_mode = auto"], test_shop="async def test_it(headrace_app): ...\n"
    )
    assert "set headrace_app = 'module:attribute'" in done.stdout, done.stdout + done.stderr


CRASH = """
import asyncio
import os
import signal
import asyncpg
import pytest

async def test_a_backend_is_killed(headrace_database):
    other = await asyncpg.connect(headrace_database)
    session = await asyncpg.connect(headrace_database)
    pid = session.get_server_pid()
    waiting = asyncio.ensure_future(session.execute("SELECT pg_sleep(60) /* the one that is struck */"))
    while await other.fetchval("SELECT state FROM pg_stat_activity WHERE pid = $1", pid) != "active":
        pass
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(asyncpg.PostgresError):
        await waiting
    other.terminate()
    while True:
        try:
            await (await asyncpg.connect(headrace_database)).close()
            break
        except (OSError, asyncpg.PostgresError):
            pass
"""


@pytest.mark.slow
def test_a_crash_of_the_runs_own_server_is_told_at_the_end(tmp_path: Path):
    tmp_path.chmod(0o755)
    done = run_pytest(tmp_path, dsn=None, settings=["asyncio_mode = auto"], test_crash=CRASH)
    assert "the server of the tests crashed" in done.stdout, done.stdout + done.stderr
    assert "was terminated by signal 9: Killed" in done.stdout
    assert "the one that is struck" in done.stdout
    assert "1 passed in" in done.stdout


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere:app", "cannot be loaded: No module named 'nowhere'"),
        ("os:app", "cannot be loaded: .* no attribute 'app'"),
        ("builtins:dict", "is a dict, not a Headrace app"),
    ],
)
def test_what_is_no_app_is_told(name: str, reason: str):
    class Config:
        def getini(self, setting: str) -> str:
            return {"headrace_app": name}[setting]

    with pytest.raises(pytest.UsageError, match=reason):
        _named_app(Config())
