"""What one attempt has logged: counted and bounded as it comes, from any thread."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from headrace.jobs.log_policy import LogPolicy
from headrace.jobs.outcome import storable

_LINE_LIMIT = 8_000


class Line(msgspec.Struct, frozen=True):
    """One line of an attempt's log; `number` counts from 0."""

    number: int
    logged_at: datetime
    level: int
    logger: str
    message: str


class LogSink(Protocol):
    """Where the lines of an attempt go."""

    def put_line(self, line: Line) -> bool:
        """Takes a line; False where there is no room for it."""
        ...

    def put_dropped(self, count: int) -> None:
        """Takes how many lines were left out so far."""
        ...


class JobLog:
    """The log of one attempt.

    How many lines were left out is told at the first, then at every doubling, and at the end: an
    attempt that is killed has told at least half of it.
    """

    def __init__(self, policy: LogPolicy, sink: LogSink, *, now: Callable[[], float] = time.time) -> None:
        self.policy = policy
        self.line_count = 0
        self.dropped_count = 0
        self._sink = sink
        self._now = now
        self._size = 0
        self._told = 0
        self._is_ended = False
        self._lock = threading.Lock()

    def keeps(self, level: int) -> bool:
        """Whether a record of this level is kept, where there is room."""
        return level >= self.policy.level and self.policy.lines > 0

    def add(self, level: int, logger: str, message: str, *, at: float | None = None) -> None:
        """Keeps one line, or counts it as left out; `at` in seconds since 1970. Nothing after the end."""
        with self._lock:
            if self._is_ended:
                return
            text = storable(message)[:_LINE_LIMIT]
            size = len(text.encode())
            if self.line_count < self.policy.lines and self._size + size <= self.policy.size:
                moment = datetime.fromtimestamp(self._now() if at is None else at, UTC)
                if self._sink.put_line(Line(self.line_count, moment, level, storable(logger), text)):
                    self.line_count += 1
                    self._size += size
                    return
            self._drop(1)

    def drop(self, count: int) -> None:
        """Counts lines that were left out elsewhere."""
        with self._lock:
            if not self._is_ended and count:
                self._drop(count)

    def end(self) -> None:
        """Takes nothing more."""
        with self._lock:
            if self.dropped_count > self._told and not self._is_ended:
                self._sink.put_dropped(self.dropped_count)
            self._is_ended = True

    def _drop(self, count: int) -> None:
        self.dropped_count += count
        if self.dropped_count >= 2 * self._told:
            self._told = self.dropped_count
            self._sink.put_dropped(self.dropped_count)
