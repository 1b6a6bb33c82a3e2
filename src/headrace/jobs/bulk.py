"""What is done to a batch of jobs by a bulk action, and to which states. Takes a connection, never commits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal, assert_never
from uuid import UUID

from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.errors import ConfigurationError
from headrace.jobs.cancelling import cancel_jobs
from headrace.jobs.dependencies import hold_living
from headrace.jobs.job import Priority, State
from headrace.jobs.outcome import Cancel, report_error
from headrace.jobs.redriving import Redriven, redrive_jobs
from headrace.jobs.selection import JobFilter, select_jobs

_PACKAGE = "headrace.jobs"

Verb = Literal["cancel", "retry", "reschedule", "prioritise", "delete"]

STATES_OF: Mapping[Verb, tuple[State, ...]] = MappingProxyType(
    {
        "cancel": ("pending", "scheduled", "processing"),
        "retry": ("failed", "cancelled", "dead"),
        "reschedule": ("pending", "scheduled"),
        "prioritise": ("pending", "scheduled"),
        "delete": ("completed", "failed", "cancelled", "dead"),
    }
)
"""The states each action takes jobs from."""

DONE: Mapping[Verb, str] = MappingProxyType(
    {
        "cancel": "jobs.cancelled",
        "retry": "jobs.retried",
        "reschedule": "jobs.rescheduled",
        "prioritise": "jobs.prioritised",
        "delete": "jobs.deleted",
    }
)
"""What each action is recorded as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is done to the jobs that fit a filter; `run_at` is for reschedule, `priority` for prioritise."""

    verb: Verb
    filter: JobFilter
    run_at: datetime | None = None
    priority: Priority | None = None

    def __post_init__(self) -> None:
        if self.filter.is_empty:
            raise ConfigurationError(
                f"name which jobs to {self.verb}; a state alone means all in it, e.g. {STATES_OF[self.verb][0]!r}"
            )
        wrong = set(self.filter.states).difference(STATES_OF[self.verb])
        if wrong:
            raise ConfigurationError(
                f"{self.verb} takes jobs that are {', '.join(STATES_OF[self.verb])}, not {', '.join(sorted(wrong))}"
            )
        if (self.run_at is not None) != (self.verb == "reschedule"):
            raise ConfigurationError(f"run_at is for reschedule and needed there, got {self.verb} with {self.run_at}")
        if (self.priority is not None) != (self.verb == "prioritise"):
            raise ConfigurationError(
                f"priority is for prioritise and needed there, got {self.verb} with {self.priority!r}"
            )
        if self.run_at is not None and self.run_at.tzinfo is None:
            raise ConfigurationError(f"run_at must be aware, got {self.run_at.isoformat()}; use datetime.now(UTC)")

    @property
    def states(self) -> tuple[State, ...]:
        """The states it takes jobs from."""
        return self.filter.states or STATES_OF[self.verb]


@dataclass(frozen=True, slots=True)
class Done:
    """How many of a batch were changed, and how many others were cancelled because they depended on one of them.

    Those in `key_held` were left because another job holds their unique key.
    """

    changed_count: int
    follower_count: int = 0
    key_held: frozenset[UUID] = frozenset()


async def perform(
    connection: Connection, deed: Deed, job_ids: Sequence[UUID], *, by: str, now: datetime | None
) -> Done:
    """Does it to a batch, youngest first, in the caller's transaction; a job that moved on meanwhile stays as it is."""
    match deed.verb:
        case "cancel":
            error = report_error(Cancel(f"cancelled by {by}"))
            cancelled = await cancel_jobs(connection, job_ids, by=by, error=error)
            return Done(len(cancelled.cancelled) + len(cancelled.requested), cancelled.follower_count)
        case "retry":
            done = await _retry(connection, deed, job_ids, now)
            return Done(len(done.back), key_held=done.key_held)
        case "reschedule":
            return await _change(connection, statement(_PACKAGE, "reschedule_jobs"), job_ids, deed.run_at)
        case "prioritise":
            return await _change(connection, statement(_PACKAGE, "prioritise_jobs"), job_ids, deed.priority)
        case "delete":
            return await _change(connection, statement(_PACKAGE, "delete_ended"), job_ids)
        case _:
            assert_never(deed.verb)


async def _change(connection: Connection, query: str, job_ids: Sequence[UUID], *values: object) -> Done:
    return Done(len(await connection.fetch(query, job_ids, *values)))


async def _retry(connection: Connection, deed: Deed, job_ids: Sequence[UUID], now: datetime | None) -> Redriven:
    if not job_ids:
        return Redriven(frozenset(), frozenset())
    rows = await connection.fetch(statement(_PACKAGE, "find_redrivable"), job_ids)
    wanted = [row["job_id"] for row in rows]
    # Held first: nobody else brings one of these back, and it ends, before this is committed.
    followed = list(await hold_living(connection, wanted))
    coming = await _coming(connection, deed, followed, after=min(job_ids), now=now) if followed else set[UUID]()
    return await redrive_jobs(connection, wanted, coming=coming, now=now)


async def _coming(
    connection: Connection, deed: Deed, followed: Sequence[UUID], *, after: UUID, now: datetime | None
) -> set[UUID]:
    """Those of these jobs that a later batch brings back; who depends on one waits for it again."""
    chosen = replace(deed.filter, ids=tuple(followed))
    found = await select_jobs(connection, chosen, states=deed.states, after=after, limit=len(followed), now=now)
    allowed = [one.id for one in found if not deed.filter.ids or one.id in deed.filter.ids]
    return {row["job_id"] for row in await connection.fetch(statement(_PACKAGE, "find_redrivable"), allowed)}


OnProgress = Callable[[int, int], None]
"""Told how many jobs have been looked at, of how many."""
