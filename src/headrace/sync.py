"""Enqueue and append from code that has no event loop, on the blocking connection it already holds."""

import logging
import time
from collections.abc import Callable, Collection, Coroutine, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from msgspec import UNSET

from headrace.adapters.borrow import borrow_blocking
from headrace.adapters.borrowed import Borrowed
from headrace.db.connection import Connection
from headrace.db.listener import EVENTS_CHANNEL, JOBS_CHANNEL, LATER_CHANNEL, RESULTS_CHANNEL
from headrace.errors import ConfigurationError, JobNotEndedError
from headrace.events.append_records import tell_appended
from headrace.events.event import ANY, Stream
from headrace.jobs.ending import find_ends, read_end
from headrace.jobs.enqueue import DependsOn, JobReference
from headrace.jobs.enqueue_records import tell_enqueued
from headrace.jobs.handle import Job
from headrace.jobs.job import Enqueued, OnFailed, Priority, Unique
from headrace.jobs.registry import Registry
from headrace.telemetry import Telemetry
from headrace.transaction import Transaction

T = TypeVar("T")

_FIRST_REST = 0.02
_LONGEST_REST = 1.0


class Sync:
    """`app.sync`: what an app writes on a blocking connection of psycopg, SQLAlchemy or Django.

    The app need not be open: it only has to know its kinds and events. Every method raises
    TransactionClosedError unless the connection is in a transaction, and never commits it. Workers are
    told after the commit where the driver tells of it (SQLAlchemy sessions, Django); else they poll.
    """

    def __init__(self, begin: Callable[[Connection], Transaction], *, kinds: Registry, telemetry: Telemetry) -> None:
        self._begin = begin
        self._kinds = kinds
        self._telemetry = telemetry

    def enqueue(
        self,
        kind: str,
        args: Any = None,
        *,
        connection: Any,
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
    ) -> Enqueued:
        """Enqueues a job that exists if and only if the connection's transaction commits.

        Raises UnknownKindError, InvalidArgsError, ConfigurationError, TransactionClosedError, and
        JobNotFoundError for a dependency.
        """
        options: dict[str, Any] = {
            "queue": queue,
            "priority": priority,
            "max_attempts": max_attempts,
            "run_at": run_at,
            "delay": delay,
            "metadata": metadata,
            "depends_on": depends_on,
            "on_failed_dependency": on_failed_dependency,
            "limit_key": limit_key,
            "weight": weight,
        }
        with self._unit_on(connection) as unit:
            return complete(unit.enqueue(kind, args, parent=parent, unique=unique, **options))

    def enqueue_many(
        self,
        kind: str,
        args: Sequence[Any],
        *,
        connection: Any,
        parent: Job | UUID | None = None,
        uniques: Sequence[Unique] | None = None,
        **options: Any,
    ) -> list[Enqueued]:
        """Enqueues one job for each of `args`; `options` as for `enqueue`."""
        with self._unit_on(connection) as unit:
            return complete(unit.enqueue_many(kind, args, parent=parent, uniques=uniques, **options))

    def append(
        self,
        event: object,
        *,
        connection: Any,
        stream: Stream | None = None,
        expected: int = ANY,
        occurred_at: datetime | None = None,
        event_id: UUID | None = None,
    ) -> UUID:
        """Appends an event that exists if and only if the connection's transaction commits.

        With an `event_id` of your own, appending it again adds nothing. Raises UnknownEventError,
        InvalidEventError, WrongVersionError, EventIdTakenError, TransactionClosedError; and
        ConfigurationError where a `sync` handler of the event waits for more than its transaction.
        """
        with self._unit_on(connection) as unit:
            return complete(
                unit.append(event, stream=stream, expected=expected, occurred_at=occurred_at, event_id=event_id)
            )

    def result(
        self,
        job: JobReference,
        *,
        connection: Any,
        timeout: timedelta | None = None,
        result_type: Any = UNSET,
    ) -> Any:
        """What a job's handler returns, once it has; see `JobHandle.result` for what is raised.

        Looks over the connection at growing intervals up to a second, in a transaction of it (READ COMMITTED). Not
        in the one that enqueues the job: before its commit no worker sees it. Raises TransactionClosedError too.
        """
        job_id = job if isinstance(job, UUID) else job.id
        borrowed = borrow_blocking(connection)
        ends_at = None if timeout is None else time.monotonic() + timeout.total_seconds()
        rest = _FIRST_REST
        while True:
            for end in complete(find_ends(borrowed, [job_id])):
                if end.kind is None or end.state is not None:
                    return read_end(end, self._kinds, result_type=result_type)
            left = rest if ends_at is None else ends_at - time.monotonic()
            if timeout is not None and left <= 0:
                raise JobNotEndedError(job_id, timeout=timeout)
            time.sleep(min(rest, left))
            rest = min(rest * 1.5, _LONGEST_REST)

    def wake(self, connection: Any) -> None:
        """Tells workers to look for jobs: with the commit of the transaction the connection is in, else at once.

        For drivers that tell nobody of a commit. It costs every such commit a lock that is one for the whole
        server; leave it out where a worker's poll is soon enough.
        """
        borrow_blocking(connection).tell([JOBS_CHANNEL])

    @contextmanager
    def _unit_on(self, connection: Any) -> Generator[Transaction]:
        borrowed = borrow_blocking(connection)
        unit = self._begin(borrowed)
        yield unit
        complete(unit.flush())
        unit.end()
        tell_enqueued(self._telemetry, unit.stored)
        tell_appended(self._telemetry, unit.appended)
        channels = written_to(unit)
        if channels:
            borrowed.after_commit(channels, lambda committed: self._announce(borrowed, committed))

    def _announce(self, borrowed: Borrowed, channels: Collection[str]) -> None:
        try:
            borrowed.tell(channels)
        except Exception as error:  # noqa: BLE001 - the caller's work is committed; a hint that is lost must not undo that
            self._telemetry.emit("notifier.unsent", level=logging.INFO, reason=repr(error))


def complete(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine that waits for nothing to its end, without an event loop.

    All that the engine awaits while it writes is the connection, and a blocking one has answered when
    the call returns. Raises ConfigurationError where something else is waited for.
    """
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    raise ConfigurationError(
        "a `sync` handler waits for more than its transaction, and here is no event loop; "
        "give it mode='job', or append the event on an asynchronous connection"
    )


def written_to(unit: Transaction) -> list[str]:
    """The channels to send a wake-up on for what a unit of work has written."""
    wanted = {
        JOBS_CHANNEL: unit.has_jobs,
        LATER_CHANNEL: unit.has_later_jobs and not unit.has_jobs,
        EVENTS_CHANNEL: unit.has_events,
        RESULTS_CHANNEL: unit.has_results,
    }
    return [channel for channel, is_wanted in wanted.items() if is_wanted]
