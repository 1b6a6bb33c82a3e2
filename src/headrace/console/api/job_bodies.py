"""What the routes of jobs take as JSON."""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from headrace.console.api.page import Because, Body, Moment, Name, Seconds
from headrace.jobs.job import State, Unique
from headrace.jobs.selection import JobFilter

PriorityName = Literal["critical", "high", "normal", "low"]


class UniqueKey(Body):
    """At most one job holds the key at a time; see `Unique`."""

    key: str | None = Field(default=None, min_length=1, max_length=500)
    scope: Literal["waiting", "alive"] = "alive"
    on_conflict: Literal["skip", "replace", "debounce"] = "skip"
    by: list[str] = Field(default_factory=list[str], max_length=50)
    max_wait_seconds: Seconds = 300
    window_seconds: Seconds | None = None

    def chosen(self) -> Unique:
        """The key it stands for."""
        return Unique(
            self.key,
            self.scope,
            on_conflict=self.on_conflict,
            by=tuple(self.by),
            max_wait=timedelta(seconds=self.max_wait_seconds),
            window=None if self.window_seconds is None else timedelta(seconds=self.window_seconds),
        )


class NewJob(Body):
    """A job to enqueue; what is left out comes from its kind."""

    kind: Name
    args: Any = None
    queue: Name | None = None
    priority: PriorityName | None = None
    max_attempts: int | None = Field(default=None, ge=1, le=1_000)
    run_at: Moment | None = None
    delay_seconds: Seconds | None = None
    metadata: dict[str, Any] | None = None
    unique: UniqueKey | None = None
    depends_on: list[UUID] = Field(default_factory=list[UUID], max_length=1_000)
    on_failed_dependency: Literal["cancel", "run", "hold"] = "cancel"
    parent_id: UUID | None = None
    limit_key: str | None = Field(default=None, min_length=1, max_length=500)
    weight: int | None = Field(default=None, ge=1, le=2**31 - 1)
    tenant_id: str = Field(default="", max_length=200)
    user_id: str | None = Field(default=None, max_length=200)


class Tree(Because):
    """Whether it is done to the children of the job, their children and so on as well."""

    tree: bool = False


class Change(Because):
    """What of a waiting job is changed: one of the two."""

    run_at: Moment | None = None
    priority: PriorityName | None = None


class Selection(Body):
    """Jobs that fit everything given; see `JobFilter`."""

    ids: list[UUID] = Field(default_factory=list[UUID], max_length=10_000)
    states: list[State] = Field(default_factory=list[State], max_length=7)
    queues: list[Name] = Field(default_factory=list[Name], max_length=100)
    kinds: list[Name] = Field(default_factory=list[Name], max_length=100)
    tenant_id: str | None = Field(default=None, max_length=200)
    correlation_id: UUID | None = None
    parent_id: UUID | None = None
    error_type: str | None = Field(default=None, max_length=500)
    created_after: Moment | None = None
    created_before: Moment | None = None
    ended_after: Moment | None = None
    ended_before: Moment | None = None
    args_contain: str | None = Field(default=None, min_length=1, max_length=1_000)

    def chosen(self) -> JobFilter:
        """The filter it stands for."""
        given: dict[str, Any] = self.model_dump(exclude_defaults=True)
        for name in ("ids", "states", "queues", "kinds"):
            given[name] = tuple(given.get(name, ()))
        return JobFilter(**given)


class Bulk(Because):
    """What is done to the jobs that fit; `run_at` is for reschedule, `priority` for prioritise.

    Without `wait` it is answered as soon as it is recorded, and done in the background.
    """

    verb: Literal["cancel", "retry", "reschedule", "prioritise", "delete"]
    filter: Selection
    run_at: Moment | None = None
    priority: PriorityName | None = None
    dry_run: bool = False
    wait: bool = True
