"""The pytest plugin: a fresh migrated database for every test that asks for one, and your app open on it.

pytest finds it by itself. It starts nothing for tests that ask for none of its fixtures. Everything of a run
is shared by its xdist workers and cleared away at its end.
"""

import asyncio
import os
import pkgutil
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from headrace.app import Headrace
from headrace.db.address import ENVIRONMENT
from headrace.db.migrate import ENGINE, MigrationSet
from headrace.db.template import drop_databases, make_template
from headrace.testing.clock import VirtualClock
from headrace.testing.opening import opened
from headrace.testing.server_crashes import server_crashes
from headrace.testing.spare_databases import SpareDatabases

try:  # its own decorator is what makes async fixtures work in its strict mode
    from pytest_asyncio import fixture as async_fixture
except ImportError:
    async_fixture = pytest.fixture

T = TypeVar("T")

# Nothing of a test run has to survive a crash.
HASTY = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "400",
    "shared_buffers": "128MB",
    "synchronous_commit": "off",
}


@dataclass(frozen=True, slots=True)
class TestRun:
    """One test run: an id that fits into a database's name, and the server's address where one was given."""

    __test__ = False  # no class of tests

    id: str
    given: str | None

    @property
    def folder(self) -> Path:
        """Where the run keeps its server; there from the first time anything is asked for."""
        return Path(tempfile.gettempdir()) / f"headrace-tests-{self.id}"

    @property
    def server_folder(self) -> Path:
        return self.folder / "server"


RUN = pytest.StashKey[TestRun]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the setting that names the app."""
    parser.addini("headrace_app", "The app that headrace_app opens, as module:attribute: an app or what makes one.")


def pytest_configure(config: pytest.Config) -> None:
    """Gives the run an id, which its workers share."""
    workerinput = getattr(config, "workerinput", None)
    if workerinput is None:
        config.stash[RUN] = TestRun(secrets.token_hex(4), os.environ.get(ENVIRONMENT) or None)
    else:
        config.stash[RUN] = TestRun(workerinput["headrace_run"], workerinput["headrace_given"])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker of pytest-xdist which run it belongs to."""
    run = node.config.stash[RUN]
    node.workerinput["headrace_run"] = run.id
    node.workerinput["headrace_given"] = run.given


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tells when the run's own server has crashed: what failed at that moment failed for it."""
    run = config.stash.get(RUN, None)
    crashes = [] if run is None else server_crashes(run.server_folder / "postgres.log")
    if crashes:
        terminalreporter.section("the server of the tests crashed", sep="=", red=True)
        for line in crashes:
            terminalreporter.line(line)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Clears away what the run has made, if anything."""
    run = config.stash.get(RUN, None)
    if run is None or hasattr(config, "workerinput") or not run.folder.exists():
        return
    if run.given is not None:
        _wait(drop_databases(run.given, f"headrace_{run.id}_"))
    if run.server_folder.exists():
        from headrace.db.embedded import EmbeddedServer  # noqa: PLC0415 - an extra

        EmbeddedServer(run.server_folder, say=_silent).stop()  # a killed worker may have left it without users
    shutil.rmtree(run.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def headrace_run(pytestconfig: pytest.Config) -> TestRun:
    """This test run, with its folder made."""
    run = pytestconfig.stash[RUN]
    run.folder.mkdir(exist_ok=True)
    run.folder.chmod(0o711)  # PostgreSQL runs as another user when the tests run as root
    return run


@pytest.fixture(scope="session")
def headrace_server(headrace_run: TestRun) -> Iterator[str]:
    """The address of the run's server: HEADRACE_DATABASE_URL's, or an embedded one that all workers share."""
    if headrace_run.given is not None:
        yield headrace_run.given
        return
    from headrace.db.embedded import EmbeddedServer  # noqa: PLC0415 - an extra

    with EmbeddedServer(headrace_run.server_folder, say=_silent, settings=HASTY) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def headrace_migrations(pytestconfig: pytest.Config) -> Sequence[MigrationSet]:
    """What test databases are migrated with: the engine's and those of the app named in the configuration."""
    made = _named_app(pytestconfig)
    return (ENGINE,) if made is None else made.migrations


@pytest.fixture(scope="session")
def headrace_template(headrace_run: TestRun, headrace_server: str, headrace_migrations: Sequence[MigrationSet]) -> str:
    """The name of the migrated database that tests get copies of; the first worker to come makes it."""
    name = f"headrace_{headrace_run.id}_template"
    _wait(make_template(headrace_server, name, sets=headrace_migrations))
    return name


@pytest.fixture(scope="session")
def _headrace_spares(  # pyright: ignore[reportUnusedFunction] - asked for by its name
    headrace_run: TestRun, headrace_server: str, headrace_template: str
) -> Iterator[SpareDatabases]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    prefix = f"headrace_{headrace_run.id}_{worker}_"
    spares = SpareDatabases(headrace_server, template=headrace_template, prefix=prefix)
    yield spares
    spares.close()


@pytest.fixture
def headrace_database(_headrace_spares: SpareDatabases) -> Iterator[str]:
    """The address of a fresh migrated database, dropped after the test."""
    name, address = _headrace_spares.take()
    yield address
    _headrace_spares.give_back(name)


@pytest.fixture
def headrace_clock() -> VirtualClock:
    """A virtual clock, beginning now; a test that asks for it has `headrace_app` run on it."""
    return VirtualClock()


@async_fixture
async def headrace_app(
    request: pytest.FixtureRequest, pytestconfig: pytest.Config, headrace_database: str
) -> AsyncIterator[Headrace]:
    """The app named as `headrace_app` in pytest's configuration, open on the test's own database."""
    app = _named_app(pytestconfig)
    if app is None:
        raise pytest.UsageError(
            "the fixture headrace_app needs to know your app; set headrace_app = 'module:attribute' in pytest's "
            "configuration, or open one of your own with `async with opened(app, headrace_database)`"
        )
    clock: VirtualClock | None = None
    if "headrace_clock" in request.fixturenames:
        clock = request.getfixturevalue("headrace_clock")
    async with opened(app, headrace_database, clock=clock) as chosen:
        yield chosen


def _named_app(config: pytest.Config) -> Headrace | None:
    name = str(config.getini("headrace_app") or "")
    if not name:
        return None
    try:
        found: Any = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise pytest.UsageError(f"headrace_app = {name!r} cannot be loaded: {error}") from error
    app: object = found if isinstance(found, Headrace) else found()
    if not isinstance(app, Headrace):
        raise pytest.UsageError(f"headrace_app = {name!r} is a {type(app).__name__}, not a Headrace app")
    return app


def _wait(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end, whether or not this thread has an event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def _silent(_: str) -> None:
    return
