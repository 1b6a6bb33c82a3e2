"""`cleanup-old-events`, the job that lets old events go, the loop that enqueues it, and bringing them back."""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from headrace.clock import Clock
from headrace.db.connection import Connection, Pool
from headrace.db.statements import statement
from headrace.events.archive_file import Manifest
from headrace.events.restore import Restored, restore_archive
from headrace.events.retention import EventRetention, Extent
from headrace.events.retire import EventStep, plan_events, retain_events
from headrace.events.senders import forget_senders
from headrace.jobs.job import Enqueued, Unique
from headrace.jobs.operation import record_operation
from headrace.service import Service
from headrace.telemetry import Telemetry

CLEANUP = "cleanup-old-events"
_PACKAGE = "headrace"


class Cleaned(msgspec.Struct, frozen=True):
    """What a `cleanup-old-events` job came to.

    So many partitions were dropped with so many events; those in `held` have to stay for now, each with its
    reason; those in `postponed` were locked.
    """

    partition_count: int
    event_count: int
    held: dict[str, str]
    postponed: list[str]


async def needed_by_jobs(connection: Connection, extent: Extent) -> str | None:
    """Which job or replay has yet to handle an event of these positions; None where there is none."""
    return await connection.fetchval(statement(_PACKAGE, "job_on_events"), extent.first_position, extent.last_position)


async def cleanup_old_events(pool: Pool, retention: EventRetention, *, clock: Clock, telemetry: Telemetry) -> Cleaned:
    """Lets all events go that are due."""
    steps = await retain_events(pool, retention, needed=needed_by_jobs, telemetry=telemetry, now=clock.override())
    dropped = [step for step in steps if step.fate != "hold" and not step.is_postponed]
    return Cleaned(
        len(dropped),
        sum(step.event_count for step in dropped),
        {step.partition: step.reason or "" for step in steps if step.fate == "hold"},
        [step.partition for step in steps if step.is_postponed],
    )


async def due_events(connection: Connection, retention: EventRetention, *, clock: Clock) -> list[EventStep]:
    """The partitions whose time is over, and what would be done with each."""
    return await plan_events(connection, retention, needed=needed_by_jobs, now=clock.override())


async def bring_back(
    pool: Pool, file: Path, *, keep: timedelta, by: str, reason: str | None = None, now: datetime | None = None
) -> Restored:
    """Restores a file of an archive, recorded as an operation of whoever does it. Raises ArchiveError."""

    async def record(connection: Connection, manifest: Manifest) -> None:
        subject = {"partition": manifest.partition, "days": keep / timedelta(days=1)}
        await record_operation(connection, "archive.restored", actor=by, subject=subject, reason=reason, now=now)

    return await restore_archive(pool, file, keep=keep, now=now, alongside=record)


class EventCleaner(Service):
    """Enqueues a `cleanup-old-events` job when a partition of the log can go; one lives at a time.

    What is kept of where requests came from it forgets itself, when its time is over. As a job it is done by one
    process, taken up by another where that dies, and seen like all others.
    """

    def __init__(
        self,
        pool: Pool,
        retention: EventRetention,
        *,
        enqueue: Callable[..., Coroutine[Any, Any, Enqueued]],
        clock: Clock,
        telemetry: Telemetry,
        idle: timedelta = timedelta(minutes=10),
    ) -> None:
        super().__init__("event cleaner", telemetry=telemetry, idle=idle)
        self._pool = pool
        self._retention = retention
        self._enqueue = enqueue
        self._clock = clock

    async def run_once(self) -> timedelta | None:
        async with self._pool.acquire() as connection:
            await forget_senders(connection, self._retention.senders, now=self._clock.override())
            due = await due_events(connection, self._retention, clock=self._clock)
        if any(step.fate != "hold" for step in due):
            await self._enqueue(CLEANUP, unique=Unique())
        return None
