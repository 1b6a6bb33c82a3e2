"""What time of the processors was spent, by this process, by another, by the whole server; on Linux."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

_TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 1, 11, 12, 13, 14
"""Places after the name of the process in /proc/PID/stat."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds; `server` is 0 where the server's processes cannot be seen from here."""

    here: float
    server: float

    def since(self, before: "Spent") -> "Spent":
        return Spent(self.here - before.here, self.server - before.server)


def spent_by(pid: int) -> float:
    """Seconds that a process has spent, without its children. ProcessLookupError where there is none."""
    fields = _stat(pid)
    return (int(fields[_USER]) + int(fields[_SYSTEM])) * _TICK


async def spent(session: asyncpg.Connection) -> Spent:
    """What this process and all processes of the session's server have spent until now."""
    return Spent(time.process_time(), _server_seconds(await session.fetchval("SELECT pg_backend_pid()")))


def _server_seconds(backend: int) -> float:
    try:
        postmaster = int(_stat(backend)[_PARENT])
        fields = _stat(postmaster)
    except ProcessLookupError:
        return 0.0
    # Those that have ended are counted by the postmaster, which waited for them.
    ended = (int(fields[_CHILDREN_USER]) + int(fields[_CHILDREN_SYSTEM])) * _TICK
    return spent_by(postmaster) + ended + sum(_spent_if_child(int(path.name), postmaster) for path in _processes())


def _processes() -> list[Path]:
    return [path for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _spent_if_child(pid: int, parent: int) -> float:
    try:
        return spent_by(pid) if int(_stat(pid)[_PARENT]) == parent else 0.0
    except ProcessLookupError:
        return 0.0


def _stat(pid: int) -> list[str]:
    try:
        # The name may hold spaces and brackets; what follows the last bracket does not.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessLookupError(f"no process {pid} on this machine") from None
