"""Loads what a stream has come to: from its snapshot, where one fits, and the events after it."""

from datetime import datetime
from typing import TypeVar

from headrace.db.connection import Connection, Pool
from headrace.db.statements import statement
from headrace.errors import ConfigurationError
from headrace.events.event import Stream
from headrace.events.filter import EventFilter
from headrace.events.personal import MARK
from headrace.events.read import read_page
from headrace.events.schema import EventRegistry
from headrace.events.sealing import opened_events
from headrace.events.stream_fold import FoldedStream, StreamFold

_PACKAGE = "headrace.events"
_BATCH = 500

S = TypeVar("S")


async def fold_stream(
    pool: Pool,
    registry: EventRegistry,
    fold: StreamFold[S],
    stream: Stream,
    *,
    tenant_id: str,
    until: int | None = None,
    now: datetime | None = None,
) -> FoldedStream[S]:
    """The state of a stream, at a version where one is given, and that version; of one without events the first.

    Up to the version that the stream was at when it began, so events that come meanwhile are not in it. Keeps a
    snapshot after `snapshot_every` versions; one that is not of this version of the fold and of its state's class is
    as if it were not there. Raises what the fold raises, and UnknownEventError or InvalidEventError for an event
    that cannot be read.
    """
    if until is not None and until < 0:
        raise ConfigurationError(f"until must be a version of a stream, 0 or more, got {until}")
    async with pool.loan() as loan:
        connection = loan.session
        found = await connection.fetchrow(
            statement(_PACKAGE, "find_snapshot"), *_key(fold, stream, tenant_id), fold.version, fold.fingerprint, until
        )
        state, begun, version = fold.state_type(), 0, 0
        if found is not None:
            version = found[0] if until is None else min(found[0], until)
            kept = None if found[1] is None else fold.decode(found[2])
            if kept is not None:
                state, begun = kept, found[1]
        state, is_clear = await _folded(
            connection, registry, fold, state, stream, tenant_id=tenant_id, after=begun, until=version
        )
        if until is None and is_clear and fold.snapshot_every is not None and version - begun >= fold.snapshot_every:
            await connection.execute(
                statement(_PACKAGE, "save_snapshot"),
                *_key(fold, stream, tenant_id),
                fold.version,
                fold.fingerprint,
                version,
                fold.encode(state),
                now,
            )
        loan.is_clean = True
    return FoldedStream(state, version)


async def _folded(
    connection: Connection,
    registry: EventRegistry,
    fold: StreamFold[S],
    state: S,
    stream: Stream,
    *,
    tenant_id: str,
    after: int,
    until: int,
) -> tuple[S, bool]:
    """The state after the events of a stream between two versions, and whether none of them had a sealed value.

    What was sealed must not be kept in clear, not even where its class no longer says that it is personal.
    """
    wanted = EventFilter(types=tuple(sorted(fold.types)), stream=stream, tenant_id=tenant_id)
    is_clear = True
    while after < until:
        rows = await read_page(connection, wanted, after=after, until=until, limit=_BATCH)
        is_clear = is_clear and not any(MARK in row["data"] for row in rows)
        for event in await opened_events(connection, registry, rows):
            state = fold(state, event)
        if len(rows) < _BATCH:
            break
        after = rows[-1]["stream_version"]
    return state, is_clear


def _key(fold: StreamFold[S], stream: Stream, tenant_id: str) -> tuple[str, str, str, str]:
    return tenant_id, stream.aggregate_type, stream.aggregate_id, fold.name
