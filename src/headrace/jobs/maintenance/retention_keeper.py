"""Lets ended jobs go when their time is over."""

import logging
from datetime import timedelta

from headrace.clock import Clock
from headrace.db.pool import ConnectionPool
from headrace.jobs.retention import Retention
from headrace.jobs.retire import retain
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

_SOON = timedelta(seconds=30)


class RetentionKeeper(Service):
    """Retires days of jobs as the retention of its app says; any number of processes may run it.

    The functions it calls take turns. A day somebody holds locked is tried again soon.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        retention: Retention,
        *,
        clock: Clock,
        telemetry: Telemetry,
        idle: timedelta = timedelta(minutes=10),
    ) -> None:
        super().__init__("retention keeper", telemetry=telemetry, idle=idle)
        self._pool = pool
        self._retention = retention
        self._clock = clock

    async def run_once(self) -> timedelta | None:
        steps = await retain(self._pool, self._retention, now=self._clock.override())
        for step in steps:
            if step.is_postponed:
                self.telemetry.emit("retention.postponed", level=logging.INFO, day=step.day, fate=step.fate)
            else:
                self.telemetry.emit("retention.done", day=step.day, fate=step.fate, count=step.count)
        if any(not step.is_postponed for step in steps):
            return AGAIN
        return _SOON if steps else None
