"""Appends events to the log, inside the caller's transaction."""

from collections import Counter
from collections.abc import Sequence

from headrace.db.connection import Connection
from headrace.db.errors import open_transaction
from headrace.db.statements import statement
from headrace.errors import WrongVersionError
from headrace.events import given_ids
from headrace.events.cascade import DEEP, MOST_EVENTS, CascadeError, is_deep
from headrace.events.event import ANY, Appended, NewEvent, Stream
from headrace.events.given_ids import IdKey
from headrace.events.sealing import seal
from headrace.events.senders import keep_senders
from headrace.events.single import insert_single
from headrace.events.versions import StreamBump, StreamKey, stream_bumps, stream_key

_PACKAGE = "headrace.events"
_DOING = "append events"

_CHUNK = 2000
"""Events per INSERT: bounds the memory of a statement; larger ones were no faster."""


async def append(connection: Connection, events: Sequence[NewEvent]) -> list[Appended]:
    """Appends events in the order given and tells where each went.

    The events of one stream get consecutive versions. Streams are locked in one order by everyone, so
    that appends cannot deadlock on them; the locks last until the transaction ends. Never commits. An
    event whose producer chose the id, and which is stored already, is told as it is stored.

    Raises WrongVersionError where a stream is not at the version an event expects, EventIdTakenError
    where an id given is that of another event, CascadeError where handlers have made too many events
    of one correlation, and then nothing of the batch is appended and the
    transaction can go on; TransactionClosedError where the connection is closed, in no transaction, or
    in a failed one.
    """
    with open_transaction(connection, doing=_DOING):
        events = await seal(connection, events)
        if any(is_deep(event.path) for event in events):
            await _require_budget(connection, [event for event in events if is_deep(event.path)])
        if any(event.sender is not None for event in events):
            # Before the events, which are to be the last statements before the commit.
            await keep_senders(connection, events)
        if any(event.has_given_id for event in events):
            # What was claimed must not stay where the append is refused.
            async with connection.transaction():
                return await _append_given(connection, events)
        return await _append_new(connection, events)


async def _append_given(connection: Connection, events: Sequence[NewEvent]) -> list[Appended]:
    """Appends the events whose ids are not in the log yet, each id once."""
    known = await given_ids.claim(connection, events)
    keys = [given_ids.id_key(event) for event in events]
    fresh: list[int] = []
    seen: set[IdKey | None] = set(known)
    for index, key in enumerate(keys):
        if key not in seen:
            fresh.append(index)
        if key is not None:
            seen.add(key)
    appended = dict(zip(fresh, await _append_new(connection, [events[index] for index in fresh]), strict=True))
    own = {key: one for index, one in appended.items() if (key := keys[index]) is not None}
    await given_ids.place(connection, {key: one.position for key, one in own.items()})
    stored = {**known, **{key: one._replace(is_new=False) for key, one in own.items()}}
    return [appended[index] if key is None or index in appended else stored[key] for index, key in enumerate(keys)]


async def _append_new(connection: Connection, events: Sequence[NewEvent]) -> list[Appended]:
    if not events:
        return []
    if len(events) == 1:
        return [await _append_one(connection, events[0])]
    bumps = stream_bumps(events)
    if len(bumps) > 1 and any(bump.expected != ANY for bump in bumps):
        # One mismatch undoes the bumps of the others; a single stream needs no savepoint for that.
        async with connection.transaction():
            versions = await _lock_streams(connection, bumps)
    else:
        versions = await _lock_streams(connection, bumps)
    return await _insert(connection, events, versions)


async def _require_budget(connection: Connection, events: Sequence[NewEvent]) -> None:
    """Raises CascadeError where deep events of one correlation would be more than MOST_EVENTS."""
    for correlation_id, count in sorted(Counter(event.correlation_id for event in events).items()):
        known = await connection.fetchval(statement(_PACKAGE, "count_deep"), correlation_id, MOST_EVENTS)
        if known + count > MOST_EVENTS:
            last = next(event for event in events if event.correlation_id == correlation_id)
            reason = f"correlation {correlation_id} has {known} events after {DEEP} handlers or more already"
            raise CascadeError(last.type, last.path, reason)


async def stream_version(connection: Connection, stream: Stream, *, tenant_id: str = "") -> int:
    """The version a stream is at; 0 where it has no event."""
    found = await connection.fetchval(
        statement(_PACKAGE, "stream_version"), tenant_id, stream.aggregate_type, stream.aggregate_id
    )
    return int(found or 0)


async def _append_one(connection: Connection, event: NewEvent) -> Appended:
    rows = await connection.fetch(*insert_single(event))
    if not rows and event.stream is not None:
        raise await _wrong_version(connection, event.stream, event.tenant_id, event.expected)
    return Appended(*rows[0])


async def _lock_streams(connection: Connection, bumps: Sequence[StreamBump]) -> dict[StreamKey, int]:
    """Locks and bumps the streams of a batch; the version each was at before."""
    if not bumps:
        return {}
    if len(bumps) == 1:
        bump = bumps[0]
        version = await connection.fetchval(
            statement(_PACKAGE, "lock_stream"), *bump.key, bump.event_count, bump.expected
        )
        if version is None:
            stream = Stream(bump.key.aggregate_type, bump.key.aggregate_id)
            raise await _wrong_version(connection, stream, bump.key.tenant_id, bump.expected)
        return {bump.key: version - bump.event_count}
    rows = await connection.fetch(
        statement(_PACKAGE, "lock_streams"),
        [bump.key.tenant_id for bump in bumps],
        [bump.key.aggregate_type for bump in bumps],
        [bump.key.aggregate_id for bump in bumps],
        [bump.event_count for bump in bumps],
    )
    after = {StreamKey(row[0], row[1], row[2]): int(row[3]) for row in rows}
    before = {bump.key: after[bump.key] - bump.event_count for bump in bumps}
    for bump in bumps:
        if bump.expected not in (ANY, before[bump.key]):
            raise WrongVersionError(str(bump.key), expected=bump.expected, actual=before[bump.key])
    return before


async def _insert(connection: Connection, events: Sequence[NewEvent], versions: dict[StreamKey, int]) -> list[Appended]:
    appended: list[Appended] = []
    for start in range(0, len(events), _CHUNK):
        chunk = events[start : start + _CHUNK]
        numbered = [_next_version(event, versions) for event in chunk]
        rows = await connection.fetch(
            statement(_PACKAGE, "insert_events"),
            [event.tenant_id for event in chunk],
            [event.stream and event.stream.aggregate_type for event in chunk],
            [event.stream and event.stream.aggregate_id for event in chunk],
            numbered,
            [event.id for event in chunk],
            [event.type for event in chunk],
            [event.schema_version for event in chunk],
            [event.data for event in chunk],
            [event.user_id for event in chunk],
            [event.source for event in chunk],
            [event.correlation_id for event in chunk],
            [event.causation_id for event in chunk],
            [event.causation_kind for event in chunk],
            [event.actor for event in chunk],
            [event.traceparent for event in chunk],
            [event.occurred_at for event in chunk],
            [event.path for event in chunk],
            [event.retention for event in chunk],
        )
        appended += [Appended(row[0], version, row[1]) for row, version in zip(rows, numbered, strict=True)]
    return appended


def _next_version(event: NewEvent, versions: dict[StreamKey, int]) -> int | None:
    """The version of the next event of a stream, which `versions` then counts as taken."""
    key = stream_key(event)
    if key is None:
        return None
    versions[key] += 1
    return versions[key]


async def _wrong_version(connection: Connection, stream: Stream, tenant_id: str, expected: int) -> WrongVersionError:
    actual = await stream_version(connection, stream, tenant_id=tenant_id)
    return WrongVersionError(str(stream), expected=expected, actual=actual)
