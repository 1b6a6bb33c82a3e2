"""What a child says while it runs an attempt, done in its worker."""

import time
from typing import assert_never

from headrace.jobs.attempt import Attempt
from headrace.jobs.processes.messages import Began, Dropped, Logged, Progressed
from headrace.jobs.registry import Kind


class Ear:
    """Hears one attempt: its time begins, its progress and its log go where those of every attempt go."""

    def __init__(self, kind: Kind, attempt: Attempt) -> None:
        self._kind = kind
        self._attempt = attempt
        self._dropped_count = 0

    def __call__(self, word: Began | Progressed | Logged | Dropped) -> None:
        job = self._attempt.job
        match word:
            case Began():
                job.started = time.perf_counter()
                if self._kind.timeout is not None:
                    self._attempt.limit(self._kind.timeout)
            case Progressed():
                job.done, job.total, job.message = word.done, word.total, word.message
                job.services.report(job)
            case Logged(line):
                job.open_log().add(line.level, line.logger, line.message, at=line.logged_at.timestamp())
            case Dropped(count):
                job.open_log().drop(count - self._dropped_count)
                self._dropped_count = count
            case _:
                assert_never(word)
