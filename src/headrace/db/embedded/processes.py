"""Processes of this machine. psutil comes with the extra, hence is imported where it is used."""

import os
from contextlib import suppress


def is_alive(pid: int) -> bool:
    """True while the process runs; a zombie does not."""
    import psutil  # noqa: PLC0415 -- part of the extra `embedded`

    if os.getpid() == 1:  # the only process of a container: orphaned servers are ours to reap
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_postgres(pid: int, *, having: str) -> bool:
    """True for a PostgreSQL process with the text in its command line."""
    import psutil  # noqa: PLC0415 -- part of the extra `embedded`

    try:
        process = psutil.Process(pid)
        return process.name().startswith("postgres") and any(having in part for part in process.cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def marked(text: str) -> list[int]:
    """The pids of living PostgreSQL processes with the text in their command line."""
    import psutil  # noqa: PLC0415 -- part of the extra `embedded`

    return [pid for pid in psutil.pids() if is_postgres(pid, having=text) and is_alive(pid)]
