"""Folds into tables made for the moment: read models as they were, and streams folded anew to verify with."""

import random
from collections.abc import Sequence

from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.events.checkpoint import HeldLane
from headrace.events.schema import EventRegistry
from headrace.events.subscription import type_list
from headrace.events.versions import StreamKey
from headrace.projections.declaration import BoundFold, Declaration

_PACKAGE = "headrace.projections"

_LOOK_AHEAD = 10_000


async def sampled_streams(
    connection: Connection, declaration: Declaration, position: int, chance: random.Random
) -> list[StreamKey]:
    """Streams of the projection's events, found at so many places of the log as the declaration samples."""
    places = [chance.randint(0, max(0, position - 1)) for _ in range(declaration.samples)]
    rows = await connection.fetch(
        statement(_PACKAGE, "sample_streams"), sorted(places), position, sorted(declaration.types), _LOOK_AHEAD
    )
    return [StreamKey(*row) for row in rows]


async def fold_streams(
    connection: Connection,
    registry: EventRegistry,
    declaration: Declaration,
    streams: Sequence[StreamKey],
    *,
    until: int,
    batch: int,
) -> None:
    """Folds streams up to a position into the tables that come first on the search path, so many events at once."""
    bound = _bound(registry, declaration)
    for key in streams:
        after = 0
        while True:
            rows = await connection.fetch(
                statement(_PACKAGE, "stream_until"), *key, after, until, sorted(declaration.types), batch
            )
            if rows:
                await bound.apply_rows(connection, rows)
            if len(rows) < batch:
                break
            after = rows[-1][0]


async def fold_log(
    connection: Connection, registry: EventRegistry, declaration: Declaration, *, until: int, batch: int
) -> None:
    """Folds the whole log up to a position into the tables that come first on the search path."""
    bound = _bound(registry, declaration)
    after = 0
    while after < until:
        reach = min(until, after + batch)
        held = HeldLane(0, after, reach, 0, 1, 1)
        if bound.apply_span is not None:
            await bound.apply_span(connection, held, reach)
        else:
            rows = await connection.fetch(
                statement(_PACKAGE, "log_until"), after, reach, type_list(declaration.subscription(1))
            )
            if rows:
                await bound.apply_rows(connection, rows)
        after = reach


def _bound(registry: EventRegistry, declaration: Declaration) -> BoundFold:
    return declaration.fold.bind(registry, declaration.subscription(1))
