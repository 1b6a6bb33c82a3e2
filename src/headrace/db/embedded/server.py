import os
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from urllib.parse import quote

from headrace.db.embedded import account as accounts
from headrace.db.embedded import binaries as programs
from headrace.db.embedded import cluster, database, postmaster
from headrace.db.embedded.error import EmbeddedServerError
from headrace.db.embedded.locks import FileLock, alone
from headrace.db.embedded.logfile import Logfile
from headrace.db.embedded.settings import DEFAULTS
from headrace.db.embedded.socket_folder import PORT, forget, socket_folder

DATABASE = "headrace"
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


class EmbeddedServer:
    """A PostgreSQL 18 in a folder, shared by every process that names the folder.

    The first user starts it, the last one to stop ends it; a killed user counts no longer. One still
    running from before is adopted, one killed before recovers. It listens on a socket in a private
    folder only. Data is durable (`fsync` on) unless `settings` say otherwise; settings are those of
    `postgresql.conf` and take effect when this process is the one that starts the server.

    The methods block: call them before the event loop, or through `asyncio.to_thread`. One instance
    belongs to one thread at a time.

        with EmbeddedServer(Path(".headrace")) as dsn:
            ...

    Raises:
        EmbeddedServerError: from every method, with the last lines of the server's log and the next step.
    """

    def __init__(
        self,
        root: Path,
        *,
        say: Callable[[str], None] = _to_stderr,
        settings: Mapping[str, str] = _NO_SETTINGS,
    ) -> None:
        self._root = Path(root).resolve()
        self._data = self._root / "data"
        self._say = say
        self._settings = dict(settings)
        self._log = Logfile(self._root / "postgres.log")
        self._users = FileLock(self._root / "users.lock")

    @property
    def pid(self) -> int | None:
        """The process id of the running server; None when none runs."""
        return postmaster.find(self._data) if self._data.is_dir() else None

    def start(self) -> str:
        """Make, adopt or start the server, and return the address of its database `headrace`.

        The address is a URL that asyncpg, psycopg and psql take. Called again, it heals: a server
        that died meanwhile is started anew.
        """
        binaries = programs.locate()
        with self._explained(), self._deciding():
            was_user = self._users.is_held
            self._users.share()
            try:
                return self._run(binaries)
            except BaseException:
                if not was_user:
                    self._users.release()
                raise

    def stop(self, *, immediate: bool = False) -> None:
        """Leave the server, and end it when nobody else uses it.

        An instance that never started it may call this too: it ends a server left without users.
        `immediate` ends it as a crash would, for tests of recovery.
        """
        if not self._root.is_dir():
            return
        with self._explained(), self._deciding():
            try:
                if self._users.try_own() and (pid := self.pid) is not None:
                    found = postmaster.read_pid_file(self._data)
                    postmaster.end(self._data, pid, is_immediate=immediate)
                    if found is not None and found.socket_folder is not None:
                        forget(found.socket_folder, root=self._root)
            finally:
                self._users.release()

    def restart(self, *, immediate: bool = False) -> str:
        """Stop the server whoever uses it, and start it again; the address stays the same."""
        with self._explained(), self._deciding():
            if (pid := self.pid) is not None:
                postmaster.end(self._data, pid, is_immediate=immediate)
        return self.start()

    def kill(self) -> None:
        """Kill the server with -9 whoever uses it; `start` brings it back."""
        with self._explained(), self._deciding():
            if (pid := self.pid) is not None:
                postmaster.kill(self._data, pid)

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self, binaries: programs.Binaries) -> str:
        sockets = self._adopt(binaries)
        if sockets is None:
            sockets = self._begin(binaries)
            database.ensure(DATABASE, sockets=sockets, binaries=binaries)
        return f"postgresql://postgres@/{DATABASE}?host={quote(str(sockets))}&port={PORT}"

    def _adopt(self, binaries: programs.Binaries) -> Path | None:
        pid = self.pid
        sockets = None if pid is None else self._wait_ready(pid)
        if pid is None or sockets is None:
            return None
        try:
            database.ensure(DATABASE, sockets=sockets, binaries=binaries)
        except EmbeddedServerError:
            if postmaster.is_gone(pid):  # it was dying when we found it
                return None
            raise
        return sockets

    def _begin(self, binaries: programs.Binaries) -> Path:
        account = accounts.choose((self._data, self._root), say=self._say)
        accounts.open_way((self._root, binaries.postgres.parent), account, say=self._say)
        accounts.check_readable(binaries.needed(), account, folder=binaries.folder.parent)
        is_synced = {**DEFAULTS, **self._settings}["fsync"] != "off"
        cluster.prepare(self._data, binaries=binaries, account=account, is_synced=is_synced, say=self._say)
        sockets = socket_folder(self._root, account=account)
        postmaster.clear_remains(self._data, sockets=sockets)
        accounts.open_way((sockets.parent,), account, say=self._say)
        self._log.prepare(account)
        pid = postmaster.launch(
            self._data,
            log=self._log.path,
            sockets=sockets,
            binaries=binaries,
            account=account,
            settings=self._settings,
        )
        listening = self._wait_ready(pid)
        if listening is None:
            raise EmbeddedServerError(
                f"PostgreSQL did not start on {self._data}; its log ends with:\n{self._log.tail()}\n"
                f"mend what it names (all of it: {self._log.path}), or set HEADRACE_DATABASE_URL"
            )
        return listening

    def _wait_ready(self, pid: int) -> Path | None:
        return postmaster.wait_ready(
            self._data, pid, on_wait=lambda: self._say(f"PostgreSQL (pid {pid}) is recovering, please wait")
        )

    @contextmanager
    def _deciding(self) -> Generator[None]:
        """Start and stop are decided by one process at a time."""
        self._root.mkdir(parents=True, exist_ok=True)
        ignore = self._root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="ascii")
        with alone(
            self._root / "start.lock",
            on_wait=lambda: self._say(f"waiting for another process that starts or stops PostgreSQL in {self._root}"),
        ):
            yield

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedServerError(
                f"the embedded PostgreSQL in {self._root} cannot be used: {error}; mend that (user "
                f"{os.geteuid()} needs the folder for itself), or set HEADRACE_DATABASE_URL"
            ) from error
