"""What the log of a run's server tells of its crashes: a test whose sessions were cut by one cannot say so."""

import re
from pathlib import Path

_CRASH = re.compile(r"\) was terminated by signal |\) exited with exit code [^01]|PANIC: ")
_MORE = re.compile(r"(DETAIL|HINT|CONTEXT|STATEMENT): ")
_MOST = 40


def server_crashes(log: Path) -> list[str]:
    """The lines of a PostgreSQL log that tell of a process that died, each with what it was running; 40 at most.

    No line where there is no such log. A stop in good order is no crash.
    """
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    found: list[str] = []
    is_told = False
    for line in lines:
        is_told = bool(_CRASH.search(line)) or (is_told and bool(_MORE.search(line)))
        if is_told:
            found.append(line)
    return found[:_MOST]
