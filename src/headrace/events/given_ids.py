"""Events whose producer chose the id: an append of one that is stored already finds it, and adds nothing."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.errors import EventIdTakenError
from headrace.events.event import Appended, NewEvent

_PACKAGE = "headrace.events"


class IdKey(NamedTuple):
    """An id of a tenant; its order as a tuple is the order ids are claimed in."""

    tenant_id: str
    id: UUID


def id_key(event: NewEvent) -> IdKey | None:
    """What an event is recognised by; None where the engine made its id."""
    return IdKey(event.tenant_id, event.id) if event.has_given_id else None


async def claim(connection: Connection, events: Sequence[NewEvent]) -> dict[IdKey, Appended]:
    """Claims the ids given in a batch for this transaction; those stored before, and where.

    An id that another open transaction claims is waited for. Wants a savepoint around the claim and
    the append, which then tells the positions with `place`. Raises EventIdTakenError where an id
    stands for other content: of the log, or earlier in the batch.
    """
    firsts: dict[IdKey, NewEvent] = {}
    for event in events:
        key = id_key(event)
        if key is not None:
            _require_same(firsts.setdefault(key, event), event)
    keys = sorted(firsts)
    rows = await connection.fetch(
        statement(_PACKAGE, "claim_ids"), [key.tenant_id for key in keys], [key.id for key in keys]
    )
    claimed = {IdKey(row[0], row[1]) for row in rows}
    return await _find(connection, [firsts[key] for key in keys if key not in claimed])


async def place(connection: Connection, places: dict[IdKey, int]) -> None:
    """Notes the positions that the events of claimed ids were appended at."""
    if not places:
        return
    await connection.execute(
        statement(_PACKAGE, "place_ids"),
        [key.tenant_id for key in places],
        [key.id for key in places],
        list(places.values()),
    )


async def _find(connection: Connection, events: Sequence[NewEvent]) -> dict[IdKey, Appended]:
    if not events:
        return {}
    rows = await connection.fetch(
        statement(_PACKAGE, "find_given"),
        [event.tenant_id for event in events],
        [event.id for event in events],
        [event.type for event in events],
        [event.schema_version for event in events],
        [event.stream and event.stream.aggregate_type for event in events],
        [event.stream and event.stream.aggregate_id for event in events],
        [event.data for event in events],
    )
    given = {id_key(event): event for event in events}
    found: dict[IdKey, Appended] = {}
    for row in rows:
        key = IdKey(row[0], row[1])
        if not row[5]:
            raise EventIdTakenError(key.id, position=row[2], stored=described(*row[6:11]), given=_told(given[key]))
        found[key] = Appended(row[2], row[3], row[4], is_new=False)
    return found


def _require_same(first: NewEvent, second: NewEvent) -> None:
    if first is not second and _content(first) != _content(second):
        raise EventIdTakenError(second.id, position=None, stored=_told(first), given=_told(second))


def _content(event: NewEvent) -> tuple[Any, ...]:
    return event.type, event.schema_version, event.stream, msgspec.json.decode(event.data)


def _told(event: NewEvent) -> str:
    aggregate_type = event.stream and event.stream.aggregate_type
    aggregate_id = event.stream and event.stream.aggregate_id
    return described(event.type, event.schema_version, aggregate_type, aggregate_id, event.data)


def described(name: str, version: int, aggregate_type: str | None, aggregate_id: str | None, data: str) -> str:
    """An event's content in one line."""
    where = "no stream" if aggregate_type is None else f"{aggregate_type}/{aggregate_id}"
    return f"{name} v{version} of {where}: {data}"
