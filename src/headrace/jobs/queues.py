"""An app's queues: looked at, paused and resumed while workers run."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from headrace.clock import Clock
from headrace.context import acting
from headrace.db.connection import Connection
from headrace.db.listener import JOBS_CHANNEL
from headrace.db.pool import ConnectionPool
from headrace.db.statements import statement
from headrace.jobs.operation import record_operation
from headrace.jobs.registry import require_queue
from headrace.telemetry import Telemetry

_PACKAGE = "headrace.jobs"

MOST_COUNTED = 10_000
"""More waiting jobs than this are not counted."""


@dataclass(frozen=True, slots=True)
class QueueSummary:
    """One queue: its pause, its jobs due, due later and running, and how many workers serve it.

    The first two counts go up to `MOST_COUNTED`. A worker that is stopping serves no queue.
    """

    name: str
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    due_count: int
    later_count: int
    running_count: int
    worker_count: int

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None


class Queues:
    """The queues of the app's database.

    Any name may be paused, whether there is a trace of such a queue or not. What is changed is a
    transaction of its own, recorded as an operation of `by`: the bound context's actor where left out.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        telemetry: Telemetry,
        pool: Callable[[], ConnectionPool],
        notify: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._telemetry = telemetry
        self._pool = pool
        self._notify = notify

    async def pause(self, name: str, *, by: str | None = None, reason: str | None = None) -> QueueSummary:
        """Lets no worker claim a job of a queue until `resume`; one that is paused already stays as it is.

        Jobs that are claimed go on. A claim that has begun by then may still take jobs. Raises
        ConfigurationError for a name no queue may have.
        """
        require_queue(name)
        actor, now = acting(by), self._clock.override()
        async with self._pool().acquire() as connection, connection.transaction():
            is_new = await connection.fetchval(statement(_PACKAGE, "pause_queue"), name, actor, reason, now)
            if is_new:
                await record_operation(
                    connection, "queue.paused", actor=actor, subject={"queue": name}, reason=reason, now=now
                )
            summary = await _summarise(connection, name, now)
        if is_new:
            self._tell(name, "paused", actor)
        return summary

    async def resume(self, name: str, *, by: str | None = None) -> QueueSummary:
        """Ends the pause of a queue and wakes the workers; one that is not paused stays as it is."""
        require_queue(name)
        actor, now = acting(by), self._clock.override()
        async with self._pool().acquire() as connection, connection.transaction():
            is_new = await connection.fetchval(statement(_PACKAGE, "resume_queue"), name)
            if is_new:
                await record_operation(connection, "queue.resumed", actor=actor, subject={"queue": name}, now=now)
            summary = await _summarise(connection, name, now)
        if is_new:
            self._notify(JOBS_CHANNEL)
            self._tell(name, "resumed", actor)
        return summary

    async def get(self, name: str) -> QueueSummary:
        """One queue, as it is now; one without any trace is there, with nothing in it."""
        async with self._pool().acquire() as connection:
            return await _summarise(connection, name, self._clock.override())

    async def all(self) -> list[QueueSummary]:
        """Every queue that is paused, served, named by a kind, or has living jobs, in order of name."""
        async with self._pool().acquire() as connection:
            return await list_queues(connection, now=self._clock.override())

    def _tell(self, name: str, action: str, by: str) -> None:
        self._telemetry.emit("queue.changed", level=logging.INFO, queue=name, action=action, by=by)


async def list_queues(
    connection: Connection, *, name: str | None = None, now: datetime | None = None
) -> list[QueueSummary]:
    """The queues there is a trace of, or the one of this name."""
    rows = await connection.fetch(statement(_PACKAGE, "list_queues"), name, MOST_COUNTED, now)
    return [QueueSummary(**dict(row.items())) for row in rows]


async def _summarise(connection: Connection, name: str, now: datetime | None) -> QueueSummary:
    return (await list_queues(connection, name=name, now=now))[0]
