"""One job or one event stored by itself: what most calls do, by one statement and one round trip where that can be."""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from headrace.adapters.borrow import borrow
from headrace.db.errors import FAILED_TRANSACTION, failed_transaction
from headrace.db.group_commit import GroupCommit
from headrace.db.listener import EVENTS_CHANNEL, JOBS_CHANNEL, LATER_CHANNEL
from headrace.engine import Engine
from headrace.events.event import ANY, NewEvent, Stream
from headrace.events.prepare import prepare as prepare_event
from headrace.events.single import insert_single as insert_single_event
from headrace.events.single import insert_together, insert_unasked, is_sociable
from headrace.events.single import is_single as is_single_event
from headrace.events.versions import stream_key
from headrace.jobs.enqueue import DependsOn, draft, draft_plain
from headrace.jobs.handle import Job
from headrace.jobs.insertion import insert_many
from headrace.jobs.job import Enqueued, NewJob, OnFailed, Priority, Unique
from headrace.jobs.registry import through
from headrace.jobs.single import insert_single, is_single
from headrace.replay.withheld import withholding

_EVENTS = (EVENTS_CHANNEL,)


class Storing(Engine):
    """The part of `Headrace` that stores single jobs and events.

    The code of a call has left the processor's caches by the time the server answers the last one, so that each
    function, coroutine and object on the way of the common case counts; it is spelled out in one place.
    """

    def __init__(self, dsn: str | None, **options: Any) -> None:
        super().__init__(dsn, **options)
        self._begin_group_commits()

    async def open(self, *, migrating: bool | None = True) -> None:
        await super().open(migrating=migrating)
        self._begin_group_commits()

    def _begin_group_commits(self) -> None:
        self._enqueues: GroupCommit[NewJob] = GroupCommit(
            lambda jobs: self.pool.execute(*insert_many(jobs, now=self.clock.override()))
        )
        self._appends: GroupCommit[NewEvent] = GroupCommit(
            lambda events: self.pool.execute(*insert_together(events)), key=stream_key
        )

    async def enqueue(
        self,
        kind: str,
        args: Any = None,
        *,
        queue: str | None = None,
        priority: Priority | str | None = None,
        max_attempts: int | None = None,
        run_at: datetime | None = None,
        delay: timedelta | None = None,
        parent: Job | UUID | None = None,
        metadata: dict[str, Any] | None = None,
        unique: Unique | None = None,
        depends_on: DependsOn = (),
        on_failed_dependency: OnFailed = "cancel",
        limit_key: str | None = None,
        weight: int | None = None,
        connection: Any = None,
    ) -> Enqueued:
        """Enqueues one job, in a transaction of its own or on the caller's own asynchronous `connection`.

        One that `depends_on` others is held until they have ended. `limit_key` and `weight` stand in for
        those its kind's limit gives it. Raises UnknownKindError,
        InvalidArgsError, ConfigurationError, TransactionClosedError, and JobNotFoundError for a dependency.
        """
        known = self.kinds.get(kind)
        if (
            queue is None
            and priority is None
            and max_attempts is None
            and run_at is None
            and delay is None
            and parent is None
            and metadata is None
            and unique is None
            and not depends_on
            and limit_key is None
            and weight is None
        ):
            job = draft_plain(known, args)
        else:
            job = draft(
                known,
                args,
                queue=queue,
                priority=priority,
                max_attempts=max_attempts,
                run_at=run_at,
                delay=delay,
                parent=parent,
                metadata=metadata,
                unique=unique,
                depends_on=depends_on,
                on_failed_dependency=on_failed_dependency,
                limit_key=limit_key,
                weight=weight,
            )
        if known.middleware.changes_jobs:
            job = through(known.middleware, job)
        if connection is not None or not is_single(job) or withholding() is not None:
            return await self._store_otherwise(job, connection)
        group = self._enqueues
        if group.enter():
            try:
                await (self._pool or self.pool).execute(*insert_single(job, now=self.clock.override()))
            finally:
                group.leave()
        else:
            await group.join(job)
        if self.after_commit is None and self._notifier is not None and not self.telemetry.hears(logging.DEBUG):
            self._notifier.notify(_channel_of(job), job.queue)
        else:
            await self._announce([job], (), (_channel_of(job),))
        return Enqueued(job.id).of(self._results)

    async def _store_otherwise(self, job: NewJob, connection: Any) -> Enqueued:
        """Stores a job that is kept back, needs more than one statement, or goes with a caller's transaction."""
        if (withheld := withholding()) is not None:
            withheld.keep_job(job)
            return Enqueued(job.id).of(self._results)
        if not is_single(job):
            async with self._unit_on(connection) as unit:
                return (await unit.add([job]))[0]
        borrowed = borrow(connection)  # and seen to be open and in a transaction
        try:
            await borrowed.execute(*insert_single(job, now=self.clock.override()))
        except FAILED_TRANSACTION as error:
            raise failed_transaction(doing="enqueue a job") from error
        told = [job] if self.telemetry.hears(logging.DEBUG) else ()
        self._wrote_on(borrowed, connection, told, (), (_channel_of(job),))
        return Enqueued(job.id).of(self._results)

    async def append(
        self,
        event: object,
        *,
        stream: Stream | None = None,
        expected: int = ANY,
        occurred_at: datetime | None = None,
        event_id: UUID | None = None,
        connection: Any = None,
    ) -> UUID:
        """Appends one event, in a transaction of its own or on the caller's own asynchronous `connection`.

        With an `event_id` of your own, appending it again adds nothing. Raises UnknownEventError,
        InvalidEventError, WrongVersionError, EventIdTakenError, TransactionClosedError.
        """
        if connection is not None:
            async with self._unit_on(connection) as unit:
                return await unit.append(
                    event, stream=stream, expected=expected, occurred_at=occurred_at, event_id=event_id
                )
        new = prepare_event(
            self.events,
            event,
            source=self.name,
            stream=stream,
            expected=expected,
            occurred_at=occurred_at,
            event_id=event_id,
            clock=self.clock,
        )
        if not is_sociable(new) or self._needs_more(new):
            await self._append_otherwise(new)
            return new.id
        group = self._appends
        if group.enter():
            try:
                await (self._pool or self.pool).execute(*insert_unasked(new))
            finally:
                group.leave()
        else:
            await group.join(new)
        if self.after_commit is None and self._notifier is not None and not self.telemetry.hears(logging.DEBUG):
            self._notifier.notify(EVENTS_CHANNEL)
        else:
            await self._announce((), [new], _EVENTS)
        return new.id

    async def _append_otherwise(self, new: NewEvent) -> None:
        """Appends an event that is kept back, expects a version, or needs more than one statement."""
        if self._needs_more(new) or not is_single_event(new) or not await self.pool.execute(*insert_single_event(new)):
            # No row came back where the stream is at another version: a transaction holds it and tells which.
            async with self.transaction() as unit:
                unit.add_event(new)
            return
        await self._announce((), [new], _EVENTS)

    def _needs_more(self, new: NewEvent) -> bool:
        """Whether somebody has a part in the transaction that appends this event, or keeps it back."""
        return (
            self.events.middleware.follows_appends
            or withholding() is not None
            or bool(self.handlers.sync_handlers(new.type))
        )


def _channel_of(job: NewJob) -> str:
    return LATER_CHANNEL if job.is_for_later else JOBS_CHANNEL
