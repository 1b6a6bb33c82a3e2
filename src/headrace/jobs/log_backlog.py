"""Lines of logs that wait to be written, of all attempts of one worker."""

import threading
from datetime import UTC, datetime

from headrace.jobs.job import Claim
from headrace.jobs.job_log import Line
from headrace.jobs.logs import KeptLine, tell_dropped

MOST_UNWRITTEN = 20_000


class LogBacklog:
    """Takes lines from any thread, up to a bound; they are taken out again in batches, in the order they came."""

    def __init__(self, *, most: int = MOST_UNWRITTEN) -> None:
        self._most = most
        self._lines: list[KeptLine] = []
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._lines)

    def put(self, line: KeptLine) -> bool:
        """Takes a line; False where too many wait. One that tells of missing lines is always taken."""
        with self._lock:
            if len(self._lines) >= self._most and not line.dropped_count:
                return False
            self._lines.append(line)
            return True

    def take(self, count: int) -> list[KeptLine]:
        """The first of those that wait, taken out."""
        with self._lock:
            taken, self._lines = self._lines[:count], self._lines[count:]
            return taken

    def put_back(self, lines: list[KeptLine]) -> None:
        """Takes lines back that could not be written."""
        with self._lock:
            self._lines[:0] = lines


class AttemptSink:
    """Where the lines of one attempt go in its worker."""

    def __init__(self, claim: Claim, backlog: LogBacklog) -> None:
        self._claim = claim
        self._backlog = backlog

    def put_line(self, line: Line) -> bool:
        return self._backlog.put(KeptLine(self._claim, line))

    def put_dropped(self, count: int) -> None:
        self._backlog.put(tell_dropped(self._claim, count, at=datetime.now(UTC)))
