"""What a job in a child process can do, and what only its worker could."""

import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

from headrace.errors import NotInChildError
from headrace.jobs.handle import Job
from headrace.jobs.job_log import JobLog, Line
from headrace.jobs.log_policy import LogPolicy
from headrace.jobs.processes.messages import Dropped, FromChild, Logged, Progressed

_INTERVAL_SECONDS = 0.1


class ChildServices:
    """Serves the job that a child process runs; `send` hands a message to the worker, from any thread."""

    def __init__(self, send: Callable[[FromChild], None]) -> None:
        self._send = send
        self.logs = LogPolicy()
        self._opening = threading.Lock()
        self._unsent: Progressed | None = None
        self._send_at = 0.0

    def report(self, job: Job) -> None:
        """See `Job.progress`; sent at most ten times a second."""
        self._unsent = Progressed(job.done or 0, job.total, job.message)
        if time.monotonic() >= self._send_at:
            self.flush()

    def open_log(self, job: Job) -> JobLog:
        """See `Job.open_log`."""
        with self._opening:
            if job.kept is None:
                job.kept = JobLog(self.logs, _ChildSink(self._send))
            return job.kept

    def flush(self) -> None:
        """Sends what waits."""
        unsent, self._unsent = self._unsent, None
        if unsent is not None:
            self._send_at = time.monotonic() + _INTERVAL_SECONDS
            self._send(unsent)


class _ChildSink:
    def __init__(self, send: Callable[[FromChild], None]) -> None:
        self._send = send

    def put_line(self, line: Line) -> bool:
        # At once: what waited here would be lost when the child is killed.
        self._send(Logged(line))
        return True

    def put_dropped(self, count: int) -> None:
        self._send(Dropped(count))


class ChildJob(Job, eq=False):
    """The job as its handler sees it in a child process: what needs the worker's database raises NotInChildError.

    At the call, not where it would be awaited: a plain function awaits nothing, and would never hear of it.
    """

    def transaction(self) -> NoReturn:
        raise NotInChildError("job.transaction()")

    def enqueue(self, *_: Any, **__: Any) -> NoReturn:
        raise NotInChildError("job.enqueue()")

    def step(self, *_: Any, **__: Any) -> NoReturn:
        raise NotInChildError("job.step()")

    def dependency_results(self) -> NoReturn:
        raise NotInChildError("job.dependency_results()")

    def dependency_counts(self) -> NoReturn:
        raise NotInChildError("job.dependency_counts()")
