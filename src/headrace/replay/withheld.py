"""What a handler would have sent, kept back: its jobs and events are counted and shown, and not stored."""

from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import msgspec

from headrace.errors import ConfigurationError
from headrace.events.event import NewEvent
from headrace.jobs.job import NewJob


@dataclass(slots=True)
class Withheld:
    """Jobs by kind and events by type that were not stored, with the first few of each as JSON.

    `is_sealed` where all that is written has to go through the one transaction that is open already.
    """

    most_samples: int = 3
    is_sealed: bool = False
    jobs: Counter[str] = field(default_factory=Counter[str])
    events: Counter[str] = field(default_factory=Counter[str])
    job_samples: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    event_samples: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])

    def keep_job(self, job: NewJob) -> None:
        """Counts a job instead of storing it."""
        self.jobs[job.kind] += 1
        self._sample(self.job_samples, job.kind, job.args)

    def keep_event(self, new: NewEvent) -> None:
        """Counts an event instead of appending it."""
        self.events[new.type] += 1
        self._sample(self.event_samples, new.type, new.data)

    def counts(self) -> dict[str, dict[str, int]]:
        """How many of each, as they are stored with a replay."""
        return {"jobs": dict(self.jobs), "events": dict(self.events)}

    def _sample(self, samples: dict[str, list[Any]], name: str, raw: str) -> None:
        kept = samples.setdefault(name, [])
        if len(kept) < self.most_samples:
            kept.append(msgspec.json.decode(raw))


def added(known: Mapping[str, Mapping[str, int]], more: Withheld) -> dict[str, dict[str, int]]:
    """The counts stored so far, and those of one batch more."""
    return {
        name: dict(Counter(known.get(name, {})) + counts)
        for name, counts in (("jobs", more.jobs), ("events", more.events))
    }


_WITHHOLDING: ContextVar[Withheld | None] = ContextVar("headrace_withholding", default=None)


withholding = _WITHHOLDING.get
"""Where what is enqueued and appended goes instead of the database; None outside a quiet replay."""


@contextmanager
def withhold(into: Withheld | None) -> Generator[None]:
    """For a block, and the tasks it starts, keeps back what the application enqueues and appends; None lets it go."""
    token = _WITHHOLDING.set(into)
    try:
        yield
    finally:
        _WITHHOLDING.reset(token)


def require_unsealed() -> None:
    """Raises ConfigurationError in a handler that opens a transaction of its own, which no rehearsal could undo."""
    kept = withholding()
    if kept is not None and kept.is_sealed:
        raise ConfigurationError(
            "a handler in a dry run opens a transaction of its own, which would be committed; "
            "let it write in the transaction it is given"
        )
