"""Rebuilding a projection from the log, against one INSERT ... SELECT by hand over the same log."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec

from bench.app import Happened, make_app
from bench.contest import Contest, Contestant
from bench.stage import Stage
from bench.workloads.read import fill
from headrace import Headrace
from headrace.db.statements import statement
from headrace.projections import operate
from headrace.projections.build import Build
from headrace.projections.declaration import Declaration
from headrace.projections.projector import Projector
from headrace.projections.rebuilder import Rebuilder
from headrace.service import AGAIN

_NAME = "bench_stats"
_TABLE = "CREATE TABLE bench_stats (key text PRIMARY KEY, notes bigint NOT NULL, total bigint NOT NULL)"


class _Stats(msgspec.Struct, frozen=True):
    notes: int = 0
    total: int = 0


@asynccontextmanager
async def rebuild(stage: Stage) -> AsyncIterator[Contest]:
    """Until a build has caught up, each batch committed with its checkpoint; the rows must be those made by hand."""
    count = stage.pick(1_000_000, 5_000)
    async with stage.database() as dsn, make_app(dsn) as app:
        await fill(app, count)
        session = await asyncpg.connect(dsn)
        try:
            await session.execute(statement("bench", "create_plain_stats"))
            await _plain(session, count)
            # What serves has come to the end, so that it takes no part in what is measured.
            await _follow(app, _declared(_in_sql))
            yield Contest(
                name="rebuild",
                title="rebuild a projection from the log",
                measure="rate",
                unit="events/s",
                rounds=stage.pick(3, 1),
                contestants=(
                    Contestant("headrace, in SQL", lambda: _ours(app, session, count, _in_sql)),
                    Contestant("headrace, row by row", lambda: _ours(app, session, count, _keyed)),
                    Contestant("INSERT ... SELECT", lambda: _plain(session, count)),
                ),
            )
        finally:
            await session.close()


def _in_sql(app: Headrace) -> None:
    app.projection(_NAME, Happened, ddl=_TABLE, swaps_itself=False).sql(statement("bench", "fold_stats"))


def _keyed(app: Headrace) -> None:
    @app.projection(_NAME, Happened, row=_Stats, swaps_itself=False)
    def fold(row: _Stats, one: Any) -> _Stats:
        return _Stats(row.notes + 1, row.total + one.data.number)

    _ = fold


async def _ours(
    app: Headrace, session: asyncpg.Connection, count: int, declare: Callable[[Headrace], None]
) -> Sequence[float]:
    declaration = _declared(declare)
    async with app.transaction() as unit:
        build = await operate.rebuild(unit.connection, declaration)
    rebuilder = Rebuilder(app.pool, app.events, declaration, telemetry=app.telemetry, clock=app.clock)
    started = time.perf_counter()
    while (await app.projections.builds(_NAME))[-1].state == "filling":
        await rebuilder.run_once()
    # It counts as filled when it is near; the last events come as those of one that is followed.
    await _follow(app, declaration)
    seconds = time.perf_counter() - started
    differing = await session.fetchval(_on(build, statement("bench", "differing_stats")))
    if differing:
        raise RuntimeError(
            f"{differing} rows of the rebuild are not as they are made by hand; the round does not count"
        )
    async with app.transaction() as unit:
        await operate.drop(unit.connection, _NAME, build.build)
    return [count / seconds]


def _on(build: Build, query: str) -> str:
    return query.replace("made_table", f'"{build.name}".{_NAME}')


def _declared(declare: Callable[[Headrace], None]) -> Declaration:
    told = Headrace("postgresql://nowhere/x")
    told.register(Happened)
    declare(told)
    [declaration] = told.declarations
    return declaration


async def _follow(app: Headrace, declaration: Declaration) -> None:
    projector = Projector(app.pool, app.events, declaration, is_newest=True, telemetry=app.telemetry, clock=app.clock)
    while await projector.run_once() == AGAIN:
        pass


async def _plain(session: asyncpg.Connection, count: int) -> Sequence[float]:
    await session.execute(statement("bench", "clear_stats"))
    started = time.perf_counter()
    await session.execute(statement("bench", "plain_rebuild"))
    return [count / (time.perf_counter() - started)]
