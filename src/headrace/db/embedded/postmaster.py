"""The server process: found by its pid file and by a name on its command line, started, awaited, ended."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from headrace.db.embedded.account import Account
from headrace.db.embedded.binaries import Binaries
from headrace.db.embedded.error import EmbeddedServerError
from headrace.db.embedded.processes import is_alive, is_postgres, marked
from headrace.db.embedded.settings import arguments
from headrace.db.embedded.socket_folder import PORT

_PAUSE_SECONDS = 0.02
_PATIENCE_SECONDS = 3.0
_READY_SECONDS = 300.0  # crash recovery of a few GB of WAL on a slow disk
_FAST_STOP_SECONDS = 60.0
_IMMEDIATE_STOP_SECONDS = 10.0
_DYING_SECONDS = 1.0
_PID_FILE_LINES = 8
# A shell starts the server in the background and ends: the server then belongs to init, which
# reaps it, and not to us, where it would stay a zombie that a new server takes for a living one.
_LAUNCH = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'


@dataclass(frozen=True, slots=True)
class PidFile:
    """What `postmaster.pid` says."""

    pid: int
    socket_folder: Path | None
    is_ready: bool


def read_pid_file(data: Path) -> PidFile | None:
    """The pid file of the data directory; None when there is none, or not (yet) a readable one."""
    try:
        lines = (data / "postmaster.pid").read_text(errors="replace").splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    folder = lines[4].strip() if len(lines) > 4 else ""  # noqa: PLR2004 -- line 5 of PostgreSQL's format
    return PidFile(
        pid=pid,
        socket_folder=Path(folder) if folder else None,
        is_ready=len(lines) >= _PID_FILE_LINES and lines[7].strip() == "ready",
    )


def marker(data: Path) -> str:
    """The `cluster_name` of a server on this directory: in the command line of each of its processes.

    Made of device and inode, so that it stays when the directory is renamed.
    """
    found = data.stat()
    return f"headrace-{found.st_dev:x}-{found.st_ino:x}"


def find(data: Path) -> int | None:
    """The pid of the living server of the data directory, starting ones included; None when there is none.

    Raises:
        EmbeddedServerError: a PostgreSQL we did not start seems to run there.
    """
    name = marker(data)
    found = read_pid_file(data)
    if found is not None and is_alive(found.pid):
        if is_postgres(found.pid, having=name):
            return found.pid
        if is_postgres(found.pid, having=str(data)):
            raise EmbeddedServerError(
                f"a PostgreSQL that headrace did not start (pid {found.pid}) runs on {data}; "
                f"stop it with: pg_ctl stop -D {data}"
            )
    return next((pid for pid in marked(name) if is_postgres(pid, having="-D")), None)


def launch(
    data: Path,
    *,
    log: Path,
    sockets: Path,
    binaries: Binaries,
    account: Account,
    settings: Mapping[str, str],
) -> int:
    """Start a server in a session of its own (a Ctrl-C in the terminal is not for it); its pid."""
    command = [
        str(binaries.postgres),
        *("-D", str(data)),
        *("-h", "", "-p", str(PORT), "-k", str(sockets)),
        *arguments({**settings, "cluster_name": marker(data), "unix_socket_permissions": "0700"}),
    ]
    shell = subprocess.run(  # noqa: S603 -- a fixed script; every variable part is an argument of its own
        ["/bin/sh", "-c", _LAUNCH, "sh", str(log), *command],
        check=True,
        capture_output=True,
        cwd=data,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        start_new_session=True,
        text=True,
        umask=0o077,
        **account.identity,
    )
    return int(shell.stdout)


def wait_ready(data: Path, pid: int, *, on_wait: Callable[[], None]) -> Path | None:
    """Wait until the server takes connections; the folder it listens in, None when it ended instead.

    `on_wait` is called once when that takes more than three seconds: the server recovers from a crash.

    Raises:
        EmbeddedServerError: it is still not ready after five minutes; it stays running.
    """
    began = time.monotonic()
    has_told = False
    while is_alive(pid):
        found = read_pid_file(data)
        if found is not None and found.pid == pid and found.is_ready:
            return found.socket_folder
        waited = time.monotonic() - began
        if waited > _READY_SECONDS:
            raise EmbeddedServerError(
                f"PostgreSQL (pid {pid}) is not ready after {_READY_SECONDS:.0f} s and goes on recovering; "
                "start again later: it is then found running"
            )
        if waited > _PATIENCE_SECONDS and not has_told:
            has_told = True
            on_wait()
        time.sleep(_PAUSE_SECONDS)
    return None


def end(data: Path, pid: int, *, is_immediate: bool) -> None:
    """Stop the server: fast (clients are cut off, everything is written), or at once, as in a crash.

    A fast stop that takes over a minute becomes an immediate one; the next start recovers.

    Raises:
        EmbeddedServerError: it does not end.
    """
    if not is_immediate:
        _signal(pid, signal.SIGINT)
        if _wait_gone([pid], _FAST_STOP_SECONDS):
            return
    _signal(pid, signal.SIGQUIT)
    if not _wait_gone([pid], _IMMEDIATE_STOP_SECONDS):
        raise EmbeddedServerError(f"PostgreSQL (pid {pid}) on {data} does not stop; run: kill -9 {pid}")


def kill(data: Path, pid: int) -> None:
    """Kill the server with -9, and what it leaves behind, as a crash of the machine would."""
    _signal(pid, signal.SIGKILL)
    _wait_gone([pid], _IMMEDIATE_STOP_SECONDS)
    _kill_orphans(data)


def is_gone(pid: int) -> bool:
    """True when the server has ended; one that refuses connections gets a moment to finish dying."""
    return _wait_gone([pid], _DYING_SECONDS)


def clear_remains(data: Path, *, sockets: Path) -> None:
    """Make way for a new server after a dead one. Call it under the start lock, when `find` finds none.

    A server killed with -9 leaves children (they hold its shared memory, and a new server refuses)
    and lock files with its pid, which a zombie or an unrelated process may have (and a new server refuses).
    """
    _kill_orphans(data)
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (sockets / name).unlink(missing_ok=True)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _kill_orphans(data: Path) -> None:
    orphans = marked(marker(data))
    for pid in orphans:
        _signal(pid, signal.SIGKILL)
    if not _wait_gone(orphans, _IMMEDIATE_STOP_SECONDS):
        left = " ".join(str(pid) for pid in orphans if is_alive(pid))
        raise EmbeddedServerError(f"processes of an earlier PostgreSQL on {data} do not end; run: kill -9 {left}")


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _wait_gone(pids: list[int], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True
