"""A transaction whose jobs and events are kept back: what is written to tables is written all the same."""

from collections.abc import Sequence
from typing import Any

from headrace.jobs.job import Enqueued, NewJob
from headrace.replay.withheld import Withheld
from headrace.transaction import Transaction


class QuietTransaction(Transaction):
    """Takes jobs and events as any transaction does, checks them, and hands them to `withheld` at the end.

    Unique jobs are all new to it. Events that are kept back have no `sync` handlers.
    """

    def __init__(self, connection: Any, *, withheld: Withheld, **options: Any) -> None:
        super().__init__(connection, **options)
        self._withheld = withheld

    async def add(self, jobs: Sequence[NewJob]) -> list[Enqueued]:
        """Keeps jobs back, unique ones too."""
        self._require_open()
        self._jobs += jobs
        return [Enqueued(job.id) for job in jobs]

    async def flush(self) -> None:
        """Hands over what was kept back since the last time."""
        jobs, self._jobs = self._jobs, []
        events, self._events = self._events, []
        for job in jobs:
            self._withheld.keep_job(job)
        for event in events:
            self._withheld.keep_event(event)
        self.has_events = False
