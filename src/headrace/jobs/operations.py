"""An app's operations: what is done to many jobs at once, in batches, recorded and resumable."""

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from headrace.clock import Clock
from headrace.context import acting, current
from headrace.db.connection import Connection
from headrace.db.listener import JOBS_CHANNEL, RESULTS_CHANNEL
from headrace.db.pool import ConnectionPool
from headrace.db.statements import statement
from headrace.errors import OperationNotFoundError
from headrace.ids import uuid7
from headrace.jobs.background import Background
from headrace.jobs.bulk import DONE, Deed, OnProgress, perform
from headrace.jobs.job import Priority
from headrace.jobs.operation import Operation, encode_subject, list_operations, read_operation
from headrace.jobs.redriving import let_go
from headrace.jobs.selection import JobFilter, Preview, bound_statements, preview, select_jobs
from headrace.telemetry import Telemetry

_PACKAGE = "headrace.jobs"
_BATCH = 500
_LONGEST_STATEMENT = timedelta(minutes=5)


class _Place(NamedTuple):
    """The last job an operation has done with, and whether there is none after it."""

    after_id: UUID | None
    is_last: bool


class Operations:
    """What operators do to many jobs of the app's database.

    Each runs from the youngest job to the oldest, a batch a transaction, and notes how far it is with
    the batch: after an interruption `resume` goes on there, and nothing is done twice. Jobs that come
    to fit while it runs are left alone. `by` is who does it: the bound context's actor where left out.
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
        self._background = Background(telemetry)

    async def preview(self, deed: Deed, *, patience: timedelta = timedelta(seconds=10), sample: int = 10) -> Preview:
        """Counts the jobs it would be done to, and shows some; changes nothing. Counts for `patience` at most."""
        async with self._pool().acquire() as connection:
            return await preview(
                connection,
                deed.filter,
                states=deed.states,
                patience=patience,
                sample=sample,
                now=self._clock.override(),
            )

    async def cancel(self, chosen: JobFilter, *, by: str | None = None, **options: Any) -> Operation:
        """Cancels jobs: at once where they wait, with those that depend on them; by interrupting where they run."""
        return await self.run(Deed(verb="cancel", filter=chosen), by=by, **options)

    async def retry(self, chosen: JobFilter, *, by: str | None = None, **options: Any) -> Operation:
        """Brings failed, cancelled and dead jobs back with their history; they wait again for those that come too.

        One whose unique key another job holds stays as it ended, and is counted.
        """
        return await self.run(Deed(verb="retry", filter=chosen), by=by, **options)

    async def reschedule(
        self, chosen: JobFilter, *, run_at: datetime, by: str | None = None, **options: Any
    ) -> Operation:
        """Gives waiting jobs another due time."""
        return await self.run(Deed(verb="reschedule", filter=chosen, run_at=run_at), by=by, **options)

    async def prioritise(
        self, chosen: JobFilter, *, priority: Priority, by: str | None = None, **options: Any
    ) -> Operation:
        """Gives waiting jobs another priority."""
        return await self.run(Deed(verb="prioritise", filter=chosen, priority=priority), by=by, **options)

    async def delete(self, chosen: JobFilter, *, by: str | None = None, **options: Any) -> Operation:
        """Deletes ended jobs and all that is kept of them, but for those that a living job depends on."""
        return await self.run(Deed(verb="delete", filter=chosen), by=by, **options)

    async def run(
        self,
        deed: Deed,
        *,
        by: str | None = None,
        reason: str | None = None,
        total: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> Operation:
        """Does it to all that fit, and records it. `total` is what a preview counted; else they are counted first."""
        operation_id = await self.begin(deed, by=by, reason=reason, total=total)
        return await self.resume(operation_id, on_progress=on_progress)

    async def begin(
        self, deed: Deed, *, by: str | None = None, reason: str | None = None, total: int | None = None
    ) -> UUID:
        """Records what is to be done and does nothing of it yet: `resume` does. The operation's id."""
        actor = acting(by)
        count = (await self.preview(deed, sample=0)).count if total is None else total
        operation_id = uuid7()
        async with self._pool().acquire() as connection:
            await connection.execute(
                statement(_PACKAGE, "begin_operation"),
                operation_id,
                DONE[deed.verb],
                actor,
                encode_subject(_subject(deed)),
                reason,
                self._clock.override(),
                count,
                current().request_id,
            )
        return operation_id

    async def get(self, operation_id: UUID) -> Operation:
        """One operation, as far as it is. Raises OperationNotFoundError."""
        async with self._pool().acquire() as connection:
            row = await connection.fetchrow(statement(_PACKAGE, "show_operation"), operation_id)
        if row is None:
            raise OperationNotFoundError(operation_id)
        return read_operation(row)

    async def resume(self, operation_id: UUID, *, on_progress: OnProgress | None = None) -> Operation:
        """Goes on with an operation that was interrupted; one that has ended is returned as it is.

        Raises OperationNotFoundError.
        """
        while True:
            async with self._pool().acquire() as connection:
                async with connection.transaction():
                    operation = await _lock(connection, operation_id)
                    key_held, place = await self._batch(connection, operation)
                    if not key_held:
                        operation = await self._advance(connection, operation, place)
                if key_held:
                    # Only then is it past them: whoever is interrupted before meets them again.
                    async with connection.transaction():
                        operation = await _lock(connection, operation_id)
                        await let_go(connection, key_held, now=self._clock.override())
                        operation = await self._advance(connection, operation, place)
            self._notify(JOBS_CHANNEL)
            self._notify(RESULTS_CHANNEL)
            if on_progress is not None:
                on_progress(operation.seen_count, operation.total_count)
            if operation.ended_at is not None:
                break
        self._telemetry.emit(
            "operation.ended",
            level=logging.INFO,
            operation=operation.id,
            action=operation.action,
            by=operation.actor,
            changed=operation.changed_count,
        )
        return operation

    def go_on(self, operation_id: UUID) -> None:
        """Resumes it in the background of this app; `get` tells how far it is. Closing the app interrupts it."""
        self._background.start(self.resume(operation_id), name="operation")

    async def stop(self) -> None:
        """Interrupts what goes on in the background, at the end of the last whole batch."""
        await self._background.stop()

    async def all(self, *, before: UUID | None = None, limit: int = 50) -> list[Operation]:
        """The newest operations, newest first; `before` continues after the last id of a page."""
        async with self._pool().acquire() as connection:
            return await list_operations(connection, before=before, limit=limit)

    async def _batch(self, connection: Connection, operation: Operation) -> tuple[Collection[UUID], _Place]:
        """One batch of it, counted, in the caller's transaction: what could not be brought back, and how far it is."""
        if operation.ended_at is not None:
            return (), _Place(None, is_last=True)
        deed, now = _deed(operation), self._clock.override()
        await bound_statements(connection, _LONGEST_STATEMENT)
        page = await select_jobs(
            connection, deed.filter, states=deed.states, after=operation.after_id, limit=_BATCH, now=now
        )
        done = await perform(connection, deed, [one.id for one in page], by=operation.actor, now=now)
        await connection.execute(
            statement(_PACKAGE, "count_operation"),
            operation.id,
            len(page),
            done.changed_count,
            done.follower_count,
            len(done.key_held),
        )
        return done.key_held, _Place(page[-1].id if page else None, is_last=len(page) < _BATCH)

    async def _advance(self, connection: Connection, operation: Operation, place: _Place) -> Operation:
        if operation.ended_at is None:
            now = self._clock.override()
            await connection.execute(statement(_PACKAGE, "advance_operation"), operation.id, *place, now)
        return await _lock(connection, operation.id)


def _subject(deed: Deed) -> dict[str, Any]:
    given = {"run_at": deed.run_at, "priority": None if deed.priority is None else deed.priority.name.lower()}
    return {
        "verb": deed.verb,
        "filter": deed.filter.given(),
        **{name: value for name, value in given.items() if value is not None},
    }


def _deed(operation: Operation) -> Deed:
    subject = operation.subject
    priority = subject.get("priority")
    return Deed(
        verb=subject["verb"],
        filter=msgspec.convert(subject["filter"], JobFilter),
        run_at=msgspec.convert(subject.get("run_at"), datetime | None),
        priority=None if priority is None else Priority.named(priority),
    )


async def _lock(connection: Connection, operation_id: UUID) -> Operation:
    row = await connection.fetchrow(statement(_PACKAGE, "lock_operation"), operation_id)
    if row is None:
        raise OperationNotFoundError(operation_id)
    return read_operation(row)
