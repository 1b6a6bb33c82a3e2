"""Which jobs: a filter over everything that is stored of them, counted, sampled and read in pages."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from headrace.db.connection import Connection
from headrace.db.errors import OUT_OF_TIME
from headrace.db.statements import statement
from headrace.errors import ConfigurationError
from headrace.jobs.job import STATES, State

_PACKAGE = "headrace.jobs"

ARGS_SEARCHED = 4_096
"""How many characters of a job's args, as JSON, `args_contain` looks at."""
_COUNT_PAGE = 10_000
_LONGEST_TEXT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Jobs that fit everything given; what is left out or empty fits all.

    `error_type` is the type of the last error, as `headrace jobs show` has it. `created_after` and
    `ended_after` include the moment, `created_before` and `ended_before` do not; the last two pairs fit
    ended jobs only. `args_contain` is looked for in the first `ARGS_SEARCHED` characters of the args.
    """

    ids: tuple[UUID, ...] = ()
    states: tuple[State, ...] = ()
    queues: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    tenant_id: str | None = None
    correlation_id: UUID | None = None
    parent_id: UUID | None = None
    error_type: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    ended_after: datetime | None = None
    ended_before: datetime | None = None
    args_contain: str | None = None

    def __post_init__(self) -> None:
        for state in self.states:
            if state not in STATES:
                raise ConfigurationError(f"a state is one of {', '.join(STATES)}, got {state!r}")
        for name in ("created_after", "created_before", "ended_after", "ended_before"):
            moment: datetime | None = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise ConfigurationError(f"{name} must be aware, got {moment.isoformat()}; use datetime.now(UTC)")
        if self.args_contain is not None and not 1 <= len(self.args_contain) <= _LONGEST_TEXT:
            raise ConfigurationError(
                f"args_contain must have 1 to {_LONGEST_TEXT} characters, got {len(self.args_contain)}"
            )

    @property
    def is_empty(self) -> bool:
        """Whether it fits every job there is."""
        return not self.given()

    def given(self) -> dict[str, Any]:
        """What is given of it, as it is recorded."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name)) not in ((), None)}


@dataclass(frozen=True, slots=True)
class Found:
    """One job that a filter fits."""

    id: UUID
    kind: str
    queue: str
    state: State
    error_type: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What an action would be done to: how many jobs, and the youngest of them.

    Where counting took too long, `is_exact` is False and there are more than `count`.
    """

    count: int
    is_exact: bool
    sample: tuple[Found, ...]


async def select_jobs(
    connection: Connection,
    chosen: JobFilter,
    *,
    states: Sequence[State],
    after: UUID | None = None,
    limit: int,
    now: datetime | None = None,
) -> list[Found]:
    """A page of the jobs that fit and are in one of these states, the youngest first, older than `after`."""
    rows = await connection.fetch(
        statement(_PACKAGE, "select_jobs"),
        list(chosen.ids) or None,
        list(states),
        list(chosen.queues) or None,
        list(chosen.kinds) or None,
        chosen.tenant_id,
        chosen.correlation_id,
        chosen.parent_id,
        chosen.error_type,
        chosen.created_after,
        chosen.created_before,
        chosen.ended_after,
        chosen.ended_before,
        chosen.args_contain,
        after,
        limit,
        ARGS_SEARCHED,
        now,
    )
    return [Found(row["id"], row["kind"], row["queue"], row["state"], row["error_type"]) for row in rows]


async def preview(
    connection: Connection,
    chosen: JobFilter,
    *,
    states: Sequence[State],
    patience: timedelta,
    sample: int,
    now: datetime | None = None,
) -> Preview:
    """Counts the jobs that fit, changing nothing; gives up after `patience` with what it has counted."""
    ends_at = time.monotonic() + patience.total_seconds()
    shown: tuple[Found, ...] = ()
    count, after = 0, None
    while (left := ends_at - time.monotonic()) > 0:
        try:
            async with connection.transaction(readonly=True):
                await bound_statements(connection, timedelta(seconds=left))
                page = await select_jobs(connection, chosen, states=states, after=after, limit=_COUNT_PAGE, now=now)
        except OUT_OF_TIME:
            break
        shown = shown or tuple(page[:sample])
        count += len(page)
        if len(page) < _COUNT_PAGE:
            return Preview(count, is_exact=True, sample=shown)
        after = page[-1].id
    return Preview(count, is_exact=False, sample=shown)


async def bound_statements(connection: Connection, limit: timedelta) -> None:
    """Bounds how long each statement of the caller's transaction may take; a millisecond at least."""
    milliseconds = max(1, int(limit.total_seconds() * 1000))
    await connection.execute(statement(_PACKAGE, "bound_statements"), str(milliseconds))
