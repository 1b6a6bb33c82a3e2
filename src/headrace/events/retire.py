"""Lets partitions of the log go whose time is over: exports them, then drops them. Each step can be repeated."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from headrace.db.connection import Connection, Pool
from headrace.db.errors import LOCKED
from headrace.db.statements import statement
from headrace.events.export import Export, bounds_of, exported, measure
from headrace.events.retention import EventFate, EventPartition, EventRetention, Extent, decide_fate
from headrace.telemetry import Telemetry

_PACKAGE = "headrace.events"
_LOCK_MILLISECONDS = "100"

IsNeeded = Callable[[Connection, Extent], Awaitable[str | None]]
"""Says who else needs events from a position to another; None for nobody."""


@dataclass(frozen=True, slots=True)
class EventStep:
    """A partition whose time is over: what is done with it, how many events it has, and why it stays where it does.

    `file` is where its events are. One that is `is_postponed` was locked, or had more events than were
    exported; it is tried again.
    """

    partition: str
    retention: str
    fate: EventFate
    event_count: int
    reason: str | None = None
    file: str | None = None
    is_postponed: bool = False


@dataclass(frozen=True, slots=True)
class _Due:
    """A partition whose time is over, what it held when it was looked at, and what is to be done with it."""

    partition: EventPartition
    extent: Extent
    step: EventStep


async def plan_events(
    connection: Connection, retention: EventRetention, *, needed: IsNeeded, now: datetime | None = None
) -> list[EventStep]:
    """What retention would do now, partition by partition, oldest first; changes nothing."""
    return [due.step for due in await _plan(connection, retention, needed, now)]


async def retain_events(
    pool: Pool,
    retention: EventRetention,
    *,
    needed: IsNeeded,
    telemetry: Telemetry,
    now: datetime | None = None,
) -> list[EventStep]:
    """Does what is due; a step for each partition whose time is over.

    A partition is dropped when its file and manifest are on the disk and say what it holds then, so a crash
    at any moment loses nothing, and whoever comes next goes on. One that another dropped meanwhile counts as
    postponed. Nobody waits for a lock longer than a tenth
    of a second. Raises ArchiveError and OSError of the archive.
    """
    async with pool.acquire() as connection:
        plan = await _plan(connection, retention, needed, now)
    done: list[EventStep] = []
    for due in plan:
        if due.step.fate == "hold":
            telemetry.emit(
                "events.held",
                level=logging.WARNING,
                partition=due.partition.name,
                event_count=due.extent.event_count,
                reason=due.step.reason,
            )
            done.append(due.step)
        elif due.step.fate == "export" and retention.folder is not None:
            async with exported(pool, due.partition, due.extent, retention.folder) as export:
                done.append(await _drop(pool, due, export, telemetry))
        else:
            done.append(await _drop(pool, due, None, telemetry))
    return done


async def _plan(
    connection: Connection, retention: EventRetention, needed: IsNeeded, now: datetime | None
) -> list[_Due]:
    periods = retention.periods
    rows = await connection.fetch(statement(_PACKAGE, "list_expired"), list(periods), list(periods.values()), now)
    may_drop = bool(rows) and await connection.fetchval(statement(_PACKAGE, "may_drop_partitions"))
    plan: list[_Due] = []
    for row in rows:
        partition = EventPartition(*row)
        extent = await measure(connection, partition)
        by = None
        if extent.event_count:
            name = await connection.fetchval(statement(_PACKAGE, "partition_reader"), *bounds_of(partition))
            by = f"subscription {name!r}" if name is not None else await needed(connection, extent)
        fate, reason = decide_fate(partition, extent, retention, needed_by=by, may_drop=may_drop)
        step = EventStep(partition.name, partition.retention, fate, extent.event_count, reason)
        plan.append(_Due(partition, extent, step))
    return plan


async def _drop(pool: Pool, due: _Due, export: Export | None, telemetry: Telemetry) -> EventStep:
    """Drops a partition that still holds just this, its file named before that; else it is postponed."""
    partition, extent = due.partition, due.extent if export is None else export.manifest.extent
    file = sha256 = None
    is_held = False
    try:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(statement(_PACKAGE, "bound_locks"), _LOCK_MILLISECONDS)
            is_held = await connection.fetchval(
                statement(_PACKAGE, "hold_partition"), partition.name, extent.event_count, extent.last_position
            )
            if is_held and export is not None:
                await export.publish()
                file, sha256 = export.manifest.file, export.manifest.sha256
                telemetry.emit(
                    "events.exported",
                    level=logging.INFO,
                    partition=partition.name,
                    event_count=extent.event_count,
                    file=file,
                )
            if is_held:
                await connection.execute(statement(_PACKAGE, "drop_partition"), partition.name)
            if is_held and extent.event_count:
                await connection.execute(
                    statement(_PACKAGE, "record_archive"),
                    partition.name,
                    *bounds_of(partition),
                    extent.event_count,
                    extent.first_position,
                    extent.last_position,
                    file,
                    sha256,
                )
    except LOCKED:
        is_held = False
    # None where another has dropped it meanwhile.
    if is_held:
        telemetry.emit("events.dropped", level=logging.INFO, partition=partition.name, event_count=extent.event_count)
    else:
        telemetry.emit("events.postponed", level=logging.INFO, partition=partition.name)
    return replace(due.step, event_count=extent.event_count, file=file, is_postponed=not is_held)
