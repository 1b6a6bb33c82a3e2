"""The test run: one folder and one database address for every xdist worker, cleared away at the end.

The controller makes the folder and takes HEADRACE_DATABASE_URL out of the environment, so that code
under test meets the same environment whether the run uses a server of its own or the one named there.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from headrace.db.embedded import EmbeddedServer

ADDRESS = "HEADRACE_DATABASE_URL"


@dataclass(frozen=True, slots=True)
class Run:
    """`id` is unique to the run and fits into a database name; `given` is None for the embedded server."""

    folder: Path
    given: str | None

    @property
    def id(self) -> str:
        return self.folder.name.removeprefix("headrace-tests-").lower()

    @property
    def server_folder(self) -> Path:
        return self.folder / "server"


RUN = pytest.StashKey[Run]()


def pytest_configure(config: pytest.Config) -> None:
    workerinput = getattr(config, "workerinput", None)
    if workerinput is None:
        folder = Path(tempfile.mkdtemp(prefix="headrace-tests-"))
        folder.chmod(0o711)  # PostgreSQL runs as another user when the tests run as root
        config.stash[RUN] = Run(folder, os.environ.pop(ADDRESS, None))
    else:
        config.stash[RUN] = Run(Path(workerinput["run_folder"]), workerinput["run_given"])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    run = node.config.stash[RUN]
    node.workerinput["run_folder"] = str(run.folder)
    node.workerinput["run_given"] = run.given


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(RUN, None)
    if run is None or hasattr(config, "workerinput"):
        return
    if run.server_folder.exists():
        EmbeddedServer(run.server_folder).stop()  # a killed worker may have left it without users
    if run.given is not None:
        os.environ[ADDRESS] = run.given
    shutil.rmtree(run.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Run:
    """This test run."""
    return pytestconfig.stash[RUN]
