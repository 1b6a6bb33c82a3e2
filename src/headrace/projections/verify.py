"""Verifies a build before it is shown: against the one that serves, or against streams folded anew."""

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from headrace.db.connecting import close
from headrace.db.connection import Connection
from headrace.db.pool import ConnectionPool
from headrace.db.statements import statement
from headrace.events.schema import EventRegistry
from headrace.projections import store
from headrace.projections.as_of import fold_streams, sampled_streams
from headrace.projections.build import Build
from headrace.projections.build_consumer import BuildConsumer, Folding
from headrace.projections.declaration import Declaration
from headrace.projections.swap import furthest

_PACKAGE = "headrace.projections"

_PATIENCE = timedelta(hours=6)
_GATE_MILLISECONDS = "5000"
_SHOWN = 5
_ODD_BATCH = 7
"""Streams are folded anew in other batches than the build was: a fold that depends on them is found out."""


@dataclass(frozen=True, slots=True)
class TableVerdict:
    """How many rows a table has, here and in the build it is compared with; differing rows, a few of them."""

    rows: int
    other_rows: int | None = None
    differences: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. `how` is compared (with the live build), sampled (streams folded anew) or counted only."""

    how: str
    position: int
    tables: dict[str, TableVerdict]
    against: int | None = None
    stream_count: int = 0
    parked_count: int = 0

    @property
    def is_fit(self) -> bool:
        """Whether nothing speaks against showing the build."""
        return not self.parked_count and not any(one.differences for one in self.tables.values())

    def facts(self) -> dict[str, object]:
        """All of it as JSON can keep it."""
        return {**asdict(self), "is_fit": self.is_fit}


async def verify(
    pool: ConnectionPool,
    registry: EventRegistry,
    declaration: Declaration,
    build: Build,
    live: Build | None,
    *,
    consumer_of: Callable[[Build], BuildConsumer],
) -> Verdict:
    """Compares a build with the live one at one position, or its rows with streams folded anew.

    The latter where the versions differ, and where the live one may hold values that were erased since it began.

    Both are held still only until they are at one position and a snapshot is taken of it: what is compared afterwards
    is that snapshot, at leisure, while both go on. Raises one of `LOCKED` where a batch takes too long.
    """
    same = live if live is not None and live.version == build.version else None
    gate = await pool.connect("projection gate")
    looking = await pool.connect("projection verify", patience=_PATIENCE)
    try:
        async with gate.transaction():
            await gate.execute(statement(_PACKAGE, "bound_locks"), _GATE_MILLISECONDS)
            held = [build] if same is None else [build, same]
            await store.hold_builds(gate, *(one.name for one in held))
            position = await furthest(looking, *(one.name for one in held))
            for one in held:
                async with looking.transaction():
                    await store.enter_schema(looking, one.name)
                    await consumer_of(one).advance_to(Folding(looking), position)
            snapshot = looking.transaction(isolation="repeatable_read")
            await snapshot.__aenter__()
            # The first statement takes the snapshot; the gate opens after it.
            parked_count = await looking.fetchval(statement(_PACKAGE, "count_parked"), build.name)
        try:
            if same is not None and not await _met_what_is_erased(looking, declaration, same):
                found = await _compare(looking, declaration, build, same)
                return Verdict("compared", position, found, against=same.build, parked_count=parked_count)
            streams, found = await _sample(looking, registry, declaration, build, position=position)
            how = "sampled" if streams else "counted"
            return Verdict(how, position, found, stream_count=streams, parked_count=parked_count)
        finally:
            # Nothing that was made to look with stays.
            await snapshot.__aexit__(RuntimeError, RuntimeError("rolled back"), None)
    finally:
        await close(gate)
        await close(looking)


async def _met_what_is_erased(connection: Connection, declaration: Declaration, live: Build) -> bool:
    """Whether the live build may hold values erased since it began, which a build made anew rightly lacks."""
    types = sorted(declaration.types)
    since = await connection.fetchval(statement(_PACKAGE, "has_erasure"), live.fill_to, types)
    return declaration.fold.meets_clear and since


async def _compare(
    connection: Connection, declaration: Declaration, build: Build, other: Build
) -> dict[str, TableVerdict]:
    verdicts: dict[str, TableVerdict] = {}
    ignored = list(declaration.ignore)
    for table in sorted(build.tables):
        one, two = _place(build.name, table), _place(other.name, table)
        mine, its = [
            await connection.fetchrow(statement(_PACKAGE, "digest").replace("made_table", place), ignored)
            for place in (one, two)
        ]
        differences: list[str] = []
        if tuple(mine or ()) != tuple(its or ()):
            differences = [*await _beyond(connection, one, two, ignored), *await _beyond(connection, two, one, ignored)]
        verdicts[table] = TableVerdict(mine[0] if mine else 0, its[0] if its else 0, differences)
    return verdicts


async def _sample(
    connection: Connection,
    registry: EventRegistry,
    declaration: Declaration,
    build: Build,
    *,
    position: int,
) -> tuple[int, dict[str, TableVerdict]]:
    """How many streams were folded anew, and what was found."""
    streams = await sampled_streams(connection, declaration, position, random.Random(build.build))  # noqa: S311
    verdicts: dict[str, TableVerdict] = {}
    scratch = f"{build.name}__check"
    if streams:
        await store.make_tables(connection, declaration, scratch)
        await fold_streams(connection, registry, declaration, streams, until=position, batch=_ODD_BATCH)
    for table in sorted(build.tables):
        place = _place(build.name, table)
        count = await connection.fetchval(statement(_PACKAGE, "count_rows").replace("made_table", place))
        anew = _place(scratch, table)
        differences = await _beyond(connection, anew, place, list(declaration.ignore)) if streams else []
        verdicts[table] = TableVerdict(count, None, differences)
    return len(streams), verdicts


async def _beyond(connection: Connection, one: str, two: str, ignored: Sequence[str]) -> list[str]:
    """A few rows of the first table that the second has not, each with the table it is of."""
    query = statement(_PACKAGE, "rows_beyond").replace("made_table", one).replace("other_table", two)
    return [f"{one}: {row[0]}" for row in await connection.fetch(query, list(ignored), _SHOWN)]


def _place(schema: str, table: str) -> str:
    return f'"{schema}"."{table}"'
