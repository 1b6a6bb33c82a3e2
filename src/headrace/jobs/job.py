"""What a job is: its states, its priority, the job about to be stored and the one just claimed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Literal, Protocol, Self
from uuid import UUID

import msgspec

from headrace.context import Context, record_step
from headrace.errors import ConfigurationError

State = Literal["pending", "scheduled", "processing", "completed", "failed", "cancelled", "dead"]
STATES: tuple[State, ...] = (
    "pending",
    "scheduled",
    "processing",
    "completed",
    "failed",
    "cancelled",
    "dead",
)
TERMINAL: frozenset[State] = frozenset({"completed", "failed", "cancelled", "dead"})


class Priority(IntEnum):
    """Which waiting job goes first; ties go by due time, then by id."""

    CRITICAL = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3

    @classmethod
    def named(cls, name: str) -> "Priority":
        """The priority of that name. Raises ValueError listing the four for any other."""
        try:
            return cls[name.upper()]
        except KeyError:
            raise ValueError(f"priority must be one of critical, high, normal, low, got {name!r}") from None


OnConflict = Literal["skip", "replace", "debounce"]
Scope = Literal["waiting", "alive"]


@dataclass(frozen=True, slots=True)
class Unique:
    """At most one job holds this key at a time.

    `key` is scoped by the job's kind; where it is left out, the args are the key: those named in `by`,
    or all. `scope` says how long it is held: "waiting" frees it when a worker claims the job, "alive"
    when the job has ended; with a `window` it is held at least so long after the enqueue, though the
    job may have ended. A second enqueue while it is held stores nothing and returns the holder. A job
    that ended and is brought back holds its key again; it cannot come back while another one holds it.

    `on_conflict` says what else it does to a holder that waits: nothing ("skip"); gives it the new
    args, metadata, priority, attempts and due time, and forgets its attempts and steps so far
    ("replace"); or pushes its due time to the new one, never beyond `max_wait` after the time it was
    first due ("debounce"). A holder that runs stays as it is.
    """

    key: str | None = None
    scope: Scope = "alive"
    on_conflict: OnConflict = field(default="skip", kw_only=True)
    by: tuple[str, ...] = field(default=(), kw_only=True)
    max_wait: timedelta = field(default=timedelta(minutes=5), kw_only=True)
    window: timedelta | None = field(default=None, kw_only=True)


OnFailed = Literal["cancel", "run", "hold"]
Policy = Literal[OnFailed, "catch"]


@dataclass(frozen=True, slots=True)
class Dependency:
    """One job that another waits for.

    `policy` says what becomes of the one that waits when this ends without having completed: it is
    cancelled, it runs as if this had completed, or it is held until this is retried. With "catch" it
    runs at the first such end, and never where all complete.
    """

    id: UUID
    policy: Policy = "cancel"
    name: str | None = None


LATER = timedelta(seconds=1)
"""How long a job waits at least for workers that poll as often not to be woken for it: they look in that time."""


class NewJob(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A job ready to be stored: checked, encoded, with its id drawn and the context it inherits."""

    id: UUID
    kind: str
    queue: str
    priority: Priority
    args: str
    max_attempts: int
    context: Context
    run_at: datetime | None = None
    delay: timedelta = timedelta(0)
    parent_id: UUID | None = None
    metadata: str | None = None
    unique: Unique | None = None
    dependencies: tuple[Dependency, ...] = ()
    limit_key: str | None = None
    weight: int = 1
    is_told: bool | None = None

    @property
    def is_for_later(self) -> bool:
        """Whether it waits for so long that a worker with the default poll meets it before it is due."""
        return self.delay >= LATER and self.run_at is None

    @property
    def path(self) -> str | None:
        """The handlers of events that led here; a job due later begins anew, since it cannot run away.

        That a record of a job was handled on the way is not forgotten: such jobs make no records.
        """
        if self.run_at is not None or self.delay:
            return record_step(self.context.path)
        return self.context.path


class ResultSource(Protocol):
    """Where the results of jobs come from: an open app."""

    async def result(self, job_id: UUID, *, timeout: timedelta | None, result_type: Any) -> Any: ...


class _Sourced:
    """Holds the source beside the fields, so that neither comparing nor encoding a handle meets it."""

    __slots__ = ("_source",)
    _source: ResultSource


@dataclass(frozen=True, slots=True)
class JobHandle(_Sourced):
    """A job that somebody wants to hear of again."""

    id: UUID

    def of(self, source: ResultSource) -> Self:
        """The same handle, its results coming from `source`."""
        object.__setattr__(self, "_source", source)
        return self

    async def result(self, *, timeout: timedelta | None = None, result_type: Any = msgspec.UNSET) -> Any:
        """What the job's handler returns, once it has; None where it returns nothing.

        Decoded into the return type of the handler, where its kind is registered here with one, or
        into `result_type`; otherwise plain JSON. Without a `timeout` it waits for as long as it takes.
        Wait after the commit: inside the transaction that enqueues it the job is not there yet.

        Raises JobFailedError, JobCancelledError, JobNotEndedError (a TimeoutError), JobNotFoundError,
        InvalidResultError, and ConfigurationError where the app is not open.
        """
        source = getattr(self, "_source", None)
        if source is None:
            raise ConfigurationError(f"this handle of job {self.id} knows no app; wait with app.handle(id).result()")
        return await source.result(self.id, timeout=timeout, result_type=result_type)


@dataclass(frozen=True, slots=True)
class Enqueued(JobHandle):
    """What enqueueing gave: the job's id, and whether it is new or the holder of the unique key."""

    is_new: bool = True


class Claim(msgspec.Struct, frozen=True, gc=False):
    """One attempt's hold on a job: the fence that every write about it names."""

    job_id: UUID
    attempt: int
    lease: int
