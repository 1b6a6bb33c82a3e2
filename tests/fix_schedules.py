"""What tests of schedules share: turns of a scheduler by hand, and the ticks that were fired."""

from datetime import datetime, timedelta

import asyncpg
import msgspec

from fix_apps import Bench
from headrace import Tick
from headrace.jobs.schedule import tick_of
from headrace.jobs.scheduler import Scheduler


def scheduler_of(bench: Bench, **options) -> Scheduler:
    """A scheduler of the app, not started."""
    return Scheduler(
        bench.app.pool,
        app=bench.app.name,
        kinds=bench.app.kinds,
        declarations=bench.app.schedules.declarations(),
        clock=bench.app.clock,
        telemetry=bench.app.telemetry,
        on_fired=lambda: None,
        **options,
    )


async def turn(bench: Bench) -> timedelta | None:
    """One turn of a new scheduler that leads: it declares, and fires what is due; how long it wants to rest."""
    scheduler = scheduler_of(bench)
    try:
        return await scheduler.run_once()
    finally:
        await scheduler.on_stop()


async def fired(connection: asyncpg.Connection, schedule: str | None = None) -> list[Tick]:
    """The ticks whose jobs are stored, in order of time."""
    rows = await connection.fetch("SELECT metadata::text AS metadata FROM headrace.job WHERE metadata ? 'tick'")
    ticks = [tick_of(msgspec.json.decode(row["metadata"])) for row in rows]
    return sorted((tick for tick in ticks if schedule in {None, tick.schedule}), key=lambda one: (one.at, one.schedule))


async def fired_at(connection: asyncpg.Connection, schedule: str | None = None) -> list[datetime]:
    return [tick.at for tick in await fired(connection, schedule)]
