"""Why a job does not run, or that it does: one class for each reason, each with its facts and a sentence."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from headrace.jobs.job import Policy, State


class Reason(msgspec.Struct, frozen=True, tag_field="reason"):
    """The base of the reasons below; `text` says it in a sentence."""

    @property
    def text(self) -> str:
        raise NotImplementedError


class HasEnded(Reason, frozen=True, tag="ended"):
    """The job is over; `error` is the type and message of its last error."""

    state: State
    at: datetime
    attempt: int
    error: str | None

    @property
    def text(self) -> str:
        return f"it ended as {self.state} in attempt {self.attempt}" + ("" if self.error is None else f": {self.error}")


class IsRunning(Reason, frozen=True, tag="running"):
    """A living worker holds it; it runs, or is about to."""

    worker_id: int
    app: str
    host: str
    pid: int
    since: datetime
    attempt: int
    is_worker_stopping: bool
    cancel_requested_by: str | None

    @property
    def text(self) -> str:
        told = f"worker {self.worker_id} ({self.app} on {self.host}, process {self.pid}) holds attempt {self.attempt}"
        if self.cancel_requested_by is not None:
            told += f"; {self.cancel_requested_by} has asked to cancel it"
        if self.is_worker_stopping:
            told += "; the worker is stopping and gives it back unless it ends in time"
        return told


class LostWorker(Reason, frozen=True, tag="worker-lost"):
    """The worker that held it is gone; another one is about to put it back."""

    worker_id: int | None
    since: datetime | None
    rescue_count: int

    @property
    def text(self) -> str:
        told = (
            f"worker {self.worker_id} held it and gives no sign of life; another worker puts it back within seconds, "
            "the lease time at most"
        )
        if self.rescue_count:
            told += f" (it has lost {self.rescue_count} worker{'s' if self.rescue_count > 1 else ''} before)"
        return told


class NotDue(Reason, frozen=True, tag="not-due"):
    """Its time has not come: it was delayed or snoozed, or waits after the error of an attempt."""

    until: datetime
    attempt: int
    max_attempts: int
    error: str | None

    @property
    def text(self) -> str:
        if self.error is None:
            moment = f"{self.until:%Y-%m-%d %H:%M:%S %Z}"
            return f"it is due at {moment}: enqueued or rescheduled for then, or snoozed by its handler"
        return (
            f"attempt {self.attempt} of {self.max_attempts} failed ({self.error}); "
            f"the next one is due at {self.until:%Y-%m-%d %H:%M:%S %Z}"
        )


class QueuePaused(Reason, frozen=True, tag="queue-paused"):
    """Somebody paused its queue."""

    queue: str
    by: str | None
    since: datetime
    why: str | None

    @property
    def text(self) -> str:
        why = "" if self.why is None else f" ({self.why})"
        return f"queue {self.queue} is paused by {self.by}{why}; `headrace queues resume {self.queue}` ends that"


class Awaited(msgspec.Struct, frozen=True):
    """A job that another one waits for."""

    id: UUID
    name: str | None
    kind: str
    state: State
    policy: Policy


class WaitsForJobs(Reason, frozen=True, tag="dependencies"):
    """Jobs it depends on have not ended, or not in a way that lets it run; the first of them."""

    count: int
    jobs: tuple[Awaited, ...]

    @property
    def text(self) -> str:
        told = ", ".join(f"{one.name or one.kind} {one.id} ({one.state})" for one in self.jobs)
        more = "" if self.count <= len(self.jobs) else f" and {self.count - len(self.jobs)} more"
        return f"it waits for {self.count} other jobs: {told}{more}"


class LimitFull(Reason, frozen=True, tag="limit"):
    """A limit holds it back; whoever keeps the limit says which and who holds it."""

    limit: str
    explanation: str

    @property
    def text(self) -> str:
        return f"limit {self.limit}: {self.explanation}"


class NoWorker(Reason, frozen=True, tag="no-worker"):
    """No worker that takes jobs fits it: none serves its queue, none handles its kind, or none does both."""

    missing: Literal["queue", "kind", "both"]
    queue: str
    kind: str

    @property
    def text(self) -> str:
        match self.missing:
            case "queue":
                return f"no worker serves queue {self.queue}; start one with --queue {self.queue}, or without --queue"
            case "kind":
                return f"no worker handles kind {self.kind}; start one whose app registers a handler for it"
            case "both":
                return f"some workers serve queue {self.queue} and others handle kind {self.kind}, none does both"


class AllBusy(Reason, frozen=True, tag="busy"):
    """Workers serve it, and their places are taken; `ahead_count` jobs of its queue go first, counted up to a bound."""

    worker_count: int
    place_count: int
    held_count: int
    ahead_count: int
    is_counted: bool

    @property
    def text(self) -> str:
        ahead = f"{self.ahead_count}" if self.is_counted else f"{self.ahead_count} or more"
        return (
            f"{self.worker_count} workers serve it and hold {self.held_count} jobs in {self.place_count} places; "
            f"{ahead} jobs of its queue go first"
        )


class AboutToRun(Reason, frozen=True, tag="about-to-run"):
    """Nothing is in its way: a worker takes it at its next look."""

    worker_count: int
    ahead_count: int

    @property
    def text(self) -> str:
        ahead = f"{self.ahead_count} jobs of its queue go first"
        return f"nothing is in its way: {self.worker_count} workers serve it, {ahead}"
