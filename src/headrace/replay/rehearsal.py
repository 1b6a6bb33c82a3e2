"""A dry run: a handler meets history in one transaction that is undone, and what it would have changed is told."""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from headrace.bridge import Apply
from headrace.db.connection import Pool
from headrace.db.statements import statement
from headrace.errors import RehearsalError
from headrace.events.schema import EventRegistry
from headrace.events.sealing import opened_events
from headrace.replay.changes import TableChanges, statement_counts, table_changes
from headrace.replay.page import next_page
from headrace.replay.replay import SILENCE, Plan
from headrace.replay.withheld import Withheld, withhold
from headrace.transaction import Transaction

_PACKAGE = "headrace.replay"
_MOST_WAITING = timedelta(seconds=5)
"""How long a statement of the handler may wait for a lock of somebody else."""

Stopped = Literal["patience", "in the way"]
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a handler would have done to the events above `after` up to `position`.

    `stopped_because` is None where that is all there was to meet: "patience" where its time was over, "in the
    way" where another session came to wait for a lock that it held. `jobs` and `events` are what it
    would have enqueued and appended, by kind and type, with samples.
    """

    handler: str
    after: int
    until: int
    position: int
    event_count: int
    stopped_because: Stopped | None
    tables: list[TableChanges]
    jobs: dict[str, int]
    events: dict[str, int]
    job_samples: dict[str, list[Any]]
    event_samples: dict[str, list[Any]]


class _Undone(BaseException):
    """No error: rolls the transaction back, and brings out of it what was found."""

    def __init__(self, told: Rehearsal) -> None:
        super().__init__("undone")
        self.told = told


async def rehearse(
    plan: Plan,
    *,
    begin: Callable[[], AbstractAsyncContextManager[Transaction]],
    apply: Apply,
    registry: EventRegistry,
    pool: Pool,
    patience: timedelta,
    most_samples: int,
    on_progress: OnProgress | None,
) -> Rehearsal:
    """Lets a handler meet what is planned, tells what came of it, and undoes it.

    Raises RehearsalError where the handler fails.
    """
    withheld = Withheld(most_samples=most_samples)
    with withhold(withheld):
        try:
            async with begin() as unit:
                withheld.is_sealed = True
                connection = unit.connection
                number = await connection.fetchval(
                    statement(_PACKAGE, "begin_rehearsal"), _milliseconds(_MOST_WAITING), _milliseconds(SILENCE)
                )
                before = await statement_counts(connection)
                met = _Met(plan.after, plan.cursor)
                await _meet(plan, met, unit, apply=apply, registry=registry, patience=patience, on_progress=on_progress)
                async with pool.acquire() as outside, outside.transaction():
                    tables = await table_changes(
                        connection,
                        outside,
                        transaction_id=number,
                        counted_before=before,
                        most_samples=most_samples,
                    )
                raise _Undone(_told(plan, met, tables, withheld))  # noqa: TRY301 - the way to roll back, not an error
        except _Undone as undone:
            return undone.told


@dataclass(slots=True)
class _Met:
    """How far a rehearsal is."""

    position: int
    cursor: int
    event_count: int = 0
    stopped_because: Stopped | None = None


async def _meet(
    plan: Plan,
    met: _Met,
    unit: Transaction,
    *,
    apply: Apply,
    registry: EventRegistry,
    patience: timedelta,
    on_progress: OnProgress | None,
) -> None:
    """Batch by batch, in the one transaction, until all is met, time is over, or somebody waits for it."""
    ends_at = time.monotonic() + patience.total_seconds()
    while True:
        page = await next_page(
            unit.connection,
            plan.filter,
            position=met.position,
            cursor=met.cursor,
            until=plan.until,
            limit=plan.batch_size,
        )
        if page.rows:
            first, last = page.rows[0]["position"], page.rows[-1]["position"]
            try:
                await apply(unit, list(await opened_events(unit.connection, registry, page.rows)))
                await unit.flush()
            except Exception as error:
                raise RehearsalError(plan.handler, first=first, last=last, reason=repr(error)) from error
        met.position, met.cursor = page.position, page.cursor
        met.event_count += len(page.rows)
        if on_progress is not None:
            on_progress(met.position - plan.after, plan.until - plan.after)
        if page.is_last:
            return
        if time.monotonic() > ends_at:
            met.stopped_because = "patience"
        elif await unit.connection.fetchval(statement(_PACKAGE, "is_in_the_way")):
            met.stopped_because = "in the way"
        if met.stopped_because is not None:
            return


def _told(plan: Plan, met: _Met, tables: list[TableChanges], withheld: Withheld) -> Rehearsal:
    return Rehearsal(
        handler=plan.handler,
        after=plan.after,
        until=plan.until,
        position=met.position,
        event_count=met.event_count,
        stopped_because=met.stopped_because,
        tables=tables,
        jobs=dict(withheld.jobs),
        events=dict(withheld.events),
        job_samples=withheld.job_samples,
        event_samples=withheld.event_samples,
    )


def _milliseconds(period: timedelta) -> str:
    return str(int(period.total_seconds() * 1000))
