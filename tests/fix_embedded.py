"""Embedded servers of a test's own: durable, and free to be killed."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from headrace.db.embedded import EmbeddedServer
from headrace.testing.plugin import TestRun

_USER = """
import signal
import sys
from pathlib import Path
from headrace.db.embedded import EmbeddedServer
from headrace.testing.plugin import TestRun

# As in a terminal; a run started in the background has handed down that Ctrl-C is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
server = EmbeddedServer(Path(sys.argv[1]), settings={"fsync": "off"})
with server as dsn:
    print(server.pid, dsn, flush=True)
    sys.stdin.read()
"""


# For tests about processes and folders: the machine itself does not crash under them.
NOT_SYNCED = {"fsync": "off"}


class ServerUser:
    """Another process that uses the server of a folder, until it leaves or is killed."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", _USER, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def wait_started(self) -> int:
        """The pid of the server this process runs on."""
        words = self.process.stdout.readline().split()
        if not words:
            raise AssertionError(self.process.communicate()[1])
        return int(words[0])

    def leave(self) -> None:
        self.process.communicate()
        if self.process.returncode != 0:
            raise AssertionError(f"the user ended with exit code {self.process.returncode}")

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def server_root() -> Iterator[Path]:
    """A folder for a server, with a path short enough for a socket; what still runs there is killed after."""
    folder = Path(tempfile.mkdtemp(prefix="hr-"))
    folder.chmod(0o711)
    root = folder / "pg"
    yield root
    if root.exists():
        EmbeddedServer(root, say=lambda _: None).kill()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def pristine_data(run: TestRun, worker_id: str) -> Path:
    """A data directory as it is after the first start; copying it takes a tenth of making one."""
    root = run.folder / f"pristine-{worker_id}"
    with EmbeddedServer(root, say=lambda _: None, settings=NOT_SYNCED):
        pass
    return root / "data"


@pytest.fixture
def seeded(pristine_data: Path) -> Callable[[Path], Path]:
    """Makes a root that holds data already, for tests that are not about making it."""

    def seed(root: Path) -> Path:
        root.mkdir(parents=True)
        subprocess.run(["cp", "-a", pristine_data, root], check=True)
        return root

    return seed


@pytest.fixture
def durable_server(server_root: Path, seeded: Callable[[Path], Path]) -> Iterator[EmbeddedServer]:
    """A started server with durable settings, for tests that kill or restart it."""
    seeded(server_root)
    server = EmbeddedServer(server_root, say=lambda _: None)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server_user() -> Iterator[Callable[[Path], ServerUser]]:
    """Starts other processes that use a server; those still there at the end are killed."""
    users: list[ServerUser] = []

    def start(root: Path) -> ServerUser:
        users.append(ServerUser(root))
        return users[-1]

    yield start
    for user in users:
        user.kill()


def is_running(pid: int) -> bool:
    """True while the process is there and not a zombie (an init that never reaps leaves those)."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
