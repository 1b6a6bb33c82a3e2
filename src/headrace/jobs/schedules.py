"""An app's schedules, made, changed and looked at while it runs."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from msgspec import UNSET, UnsetType

from headrace.clock import Clock
from headrace.context import acting, current
from headrace.db.connection import Connection
from headrace.db.listener import JOBS_CHANNEL, SCHEDULES_CHANNEL
from headrace.db.pool import ConnectionPool
from headrace.errors import ConfigurationError, ScheduleExistsError, ScheduleNotFoundError
from headrace.jobs import schedule_store as store
from headrace.jobs.declaration import retimed
from headrace.jobs.declared_schedules import ANY_TIME, DeclaredSchedules
from headrace.jobs.enqueue_records import tell_enqueued
from headrace.jobs.job import Enqueued, Priority
from headrace.jobs.operation import Action, record_operation
from headrace.jobs.registry import Kind, Registry
from headrace.jobs.schedule import (
    CATCH_UP_LIMIT,
    CatchUp,
    Schedule,
    plan,
    require_name,
)
from headrace.jobs.scheduler import tick_job, under_limit
from headrace.jobs.store import insert_jobs
from headrace.telemetry import Telemetry


class Schedules(DeclaredSchedules):
    """The schedules of the app's database, those of its own code among them.

    Every method that changes something is a transaction of its own, wakes the scheduler, and takes
    `by`, who did it: the bound context's actor where left out. Raises ScheduleNotFoundError where
    there is none of that name.
    """

    def __init__(
        self,
        *,
        app: str,
        kinds: Registry,
        clock: Clock,
        telemetry: Telemetry,
        pool: Callable[[], ConnectionPool],
        notify: Callable[[str], None],
    ) -> None:
        super().__init__(kinds)
        self._app = app
        self._clock = clock
        self._telemetry = telemetry
        self._pool = pool
        self._notify = notify

    async def create(
        self,
        name: str,
        kind: str,
        args: Any = None,
        *,
        cron: str | None = None,
        timezone: str = "UTC",
        every: timedelta | None = None,
        catch_up: CatchUp = "last",
        catch_up_limit: int = CATCH_UP_LIMIT,
        queue: str | None = None,
        priority: Priority | str | None = None,
        max_attempts: int | None = None,
        by: str | None = None,
    ) -> Schedule:
        """Makes a schedule at run time; its jobs inherit the bound context's tenant and user.

        Options as for `declare`. Raises ScheduleExistsError, UnknownKindError,
        InvalidArgsError, ConfigurationError.
        """
        require_name(name)
        planned = plan(
            self._kinds.get(kind),
            args,
            cron=cron,
            timezone=timezone,
            every=every,
            catch_up=catch_up,
            catch_up_limit=catch_up_limit,
            queue=queue,
            priority=priority,
            max_attempts=max_attempts,
        )
        planned.rhythm(ANY_TIME)
        context = current()
        async with self._pool().acquire() as connection, connection.transaction():
            now = await self._now(connection)
            schedule = Schedule(
                **{name: getattr(planned, name) for name in type(planned).__slots__},
                name=name,
                source="runtime",
                app=self._app,
                tenant_id=context.tenant_id,
                user_id=context.user_id,
                anchor_at=now,
                created_at=now,
                edited_at=now,
                edited_by=by or context.actor,
            )
            schedule = replace(schedule, next_at=schedule.next_after(now))
            if not await store.insert_schedule(connection, schedule):
                raise ScheduleExistsError(name)
            await self._record(connection, name, "schedule.created", by)
        self._tell(name, "created", by)
        return schedule

    async def edit(
        self,
        name: str,
        *,
        kind: str | None = None,
        args: Any | UnsetType = UNSET,
        cron: str | None = None,
        timezone: str | None = None,
        every: timedelta | None = None,
        catch_up: CatchUp | None = None,
        catch_up_limit: int | None = None,
        queue: str | None = None,
        priority: Priority | str | None = None,
        max_attempts: int | None = None,
        by: str | None = None,
    ) -> Schedule:
        """Changes what is given and leaves the rest; `cron` replaces `every` and the other way round.

        A schedule declared in code keeps the change until its declaration in the code changes. One that
        could not be read ticks again. Args and kind are checked together. Raises as `create` does.
        """
        if cron is not None and every is not None:
            raise ConfigurationError(f"a schedule ticks by cron or every: got cron={cron!r} and every={every}")
        async with self._changing(name, "edited", by) as (connection, old, now):
            is_same_work = kind is None and args is UNSET
            planned = plan(
                # What was checked when it was stored may be edited where its kind is not known.
                Kind(name=old.kind) if is_same_work else self._kinds.get(old.kind if kind is None else kind),
                old.args if args is UNSET else args,
                cron=old.cron if cron is None and every is None else cron,
                timezone=old.timezone if timezone is None else timezone,
                every=old.every if cron is None and every is None else every,
                catch_up=old.catch_up if catch_up is None else catch_up,
                catch_up_limit=old.catch_up_limit if catch_up_limit is None else catch_up_limit,
                queue=old.queue if queue is None else queue,
                priority=old.priority if priority is None else priority,
                max_attempts=old.max_attempts if max_attempts is None else max_attempts,
            )
            planned.rhythm(ANY_TIME)
            changed = replace(
                old,
                **{name: getattr(planned, name) for name in type(planned).__slots__},
                # What could not be read has just been.
                disabled_because=None if old.is_unreadable else old.disabled_because,
                edited_at=now,
                edited_by=by or current().actor,
            )
            schedule = retimed(old, changed, now=now)
            await store.write_schedule(connection, schedule)
            await self._record(connection, name, "schedule.edited", by)
        return replace(schedule, revision=old.revision + 1)

    async def pause(self, name: str, *, by: str | None = None) -> Schedule:
        """Stops a schedule from ticking, through restarts and new versions of the code, until `resume`."""
        async with self._changing(name, "paused", by) as (connection, old, _):
            if old.is_paused:
                return old
            schedule = replace(old, is_paused=True, paused_by=by or current().actor, next_at=None)
            await store.write_schedule(connection, schedule)
            await self._record(connection, name, "schedule.paused", by)
        return replace(schedule, revision=old.revision + 1)

    async def resume(self, name: str, *, by: str | None = None) -> Schedule:
        """Lets a paused schedule tick again, from its next tick on: what fell into the pause is not caught up."""
        async with self._changing(name, "resumed", by) as (connection, old, now):
            if not old.is_paused:
                return old
            schedule = replace(old, is_paused=False, paused_by=None)
            schedule = replace(schedule, next_at=schedule.next_after(now))
            await store.write_schedule(connection, schedule)
            await self._record(connection, name, "schedule.resumed", by)
        return replace(schedule, revision=old.revision + 1)

    async def trigger(self, name: str, *, by: str | None = None) -> Enqueued:
        """Enqueues a schedule's job now, beside its ticks; also while it is paused or disabled.

        Where its kind is known here, the middleware sees it. Raises what that raises.
        """
        async with self._changing(name, "triggered", by) as (connection, old, now):
            limits = await store.tick_limits(connection, [name])
            tick = tick_job(old, now, triggered_by=acting(by))
            job = self._kinds.on_enqueue(under_limit(tick, limits.get(name)))
            await insert_jobs(connection, [job], now=self._clock.override())
            await store.write_schedule(connection, replace(old, last_job_id=job.id))
            await self._record(connection, name, "schedule.triggered", by)
        if self._telemetry.hears(logging.DEBUG):
            tell_enqueued(self._telemetry, [job])
        self._notify(JOBS_CHANNEL)
        return Enqueued(job.id)

    async def delete(self, name: str, *, by: str | None = None) -> None:
        """Removes a schedule; the jobs it made stay. Raises ConfigurationError while code declares it."""
        async with self._changing(name, "deleted", by) as (connection, old, _):
            if old.declaration is not None:
                raise ConfigurationError(
                    f"schedule {name!r} is declared in the code of app {old.app!r} and would come back; "
                    "remove it there, or pause it"
                )
            await store.delete_schedule(connection, name)
            await self._record(connection, name, "schedule.deleted", by)

    async def get(self, name: str) -> Schedule:
        """One schedule."""
        async with self._pool().acquire() as connection:
            found = await store.list_schedules(connection, [name])
        if not found:
            raise ScheduleNotFoundError(name)
        return found[0]

    async def all(self) -> list[Schedule]:
        """Every schedule of the database, of all apps, in order of name."""
        async with self._pool().acquire() as connection:
            return await store.list_schedules(connection)

    @asynccontextmanager
    async def _changing(
        self, name: str, action: str, by: str | None
    ) -> AsyncGenerator[tuple[Connection, Schedule, datetime]]:
        async with self._pool().acquire() as connection, connection.transaction():
            found = await store.lock_schedules(connection, [name], declared_by=None)
            if not found:
                raise ScheduleNotFoundError(name)
            # Read after the lock: a tick that was waited for must not come again.
            yield connection, found[0], await self._now(connection)
        self._tell(name, action, by)

    async def _record(self, connection: Connection, name: str, action: Action, by: str | None) -> None:
        actor = acting(by)
        subject = {"schedule": name}
        await record_operation(connection, action, actor=actor, subject=subject, now=self._clock.override())

    async def _now(self, connection: Connection) -> datetime:
        return await store.decision_time(connection, now=self._clock.override())

    def _tell(self, name: str, action: str, by: str | None) -> None:
        self._notify(SCHEDULES_CHANNEL)
        self._telemetry.emit(
            "schedule.changed", level=logging.INFO, schedule=name, action=action, by=by or current().actor
        )
