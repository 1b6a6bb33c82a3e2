"""A fold of one row for each key: a pure function from a row and an event to the row after it."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.errors import ConfigurationError
from headrace.events.codec import codec_for
from headrace.events.event import StoredEvent
from headrace.events.schema import EventRegistry
from headrace.events.sealing import opened_events
from headrace.events.subscription import Subscription
from headrace.projections.declaration import BoundFold

_PACKAGE = "headrace.projections"
_COLUMNS: dict[Any, str] = {
    int: "bigint",
    str: "text",
    float: "double precision",
    bool: "boolean",
    Decimal: "numeric",
    datetime: "timestamptz",
    date: "date",
    UUID: "uuid",
}

KeyFunction = Callable[[StoredEvent], str | None]
RowFunction = Callable[[Any, StoredEvent], Any]


def stream_key(event: StoredEvent) -> str | None:
    """The id of the event's stream; an event outside any stream has no key and is passed over."""
    return None if event.stream is None else event.stream.aggregate_id


class KeyedFold:
    """Calls `function(row, event)` for each event in order; it returns the row as it is then, or None for none.

    A key without a row begins with `row_type()`. The table has a column `key` and one for each field of `row_type`:
    a msgspec structure, dataclass or pydantic model whose fields all have defaults. What is no plain number, text,
    moment or UUID is kept as JSON. `ddl` adds to the table what it needs besides, such as indexes.
    """

    def __init__(self, table: str, row_type: type, function: RowFunction, *, key: KeyFunction, ddl: str = "") -> None:
        self.meets_clear = True
        self._table = table
        self._row_type = row_type
        self._function = function
        self._key = key
        self._codec = codec_for(row_type)
        columns = columns_of(row_type)
        made = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        self.ddl = f'CREATE TABLE "{table}" (key text PRIMARY KEY, {made});\n{ddl}'
        self._load = _filled(statement(_PACKAGE, "load_rows"), table, columns)
        self._save = _filled(statement(_PACKAGE, "save_rows"), table, columns)
        self._remove = _filled(statement(_PACKAGE, "remove_rows"), table, columns)

    def bind(self, registry: EventRegistry, subscription: Subscription) -> BoundFold:
        """The fold of events of the classes in a registry."""
        del subscription

        async def apply_rows(connection: Connection, rows: Sequence[Row]) -> None:
            await self._apply(connection, list(await opened_events(connection, registry, rows)))

        return BoundFold(apply_rows)

    async def _apply(self, connection: Connection, events: Sequence[StoredEvent]) -> None:
        keyed = [(key, event) for event in events if (key := self._key(event)) is not None]
        keys = sorted({key for key, _ in keyed})
        if not keys:
            return
        found = await connection.fetch(self._load, keys)
        before: dict[str, Any] = {row[0]: self._codec.decode(row[1]) for row in found}
        after: dict[str, Any] = dict(before)
        for key, event in keyed:
            row = after.get(key)
            after[key] = self._function(self._row_type() if row is None else row, event)
        removed = [key for key, row in after.items() if row is None and key in before]
        saved = [
            msgspec.json.decode(self._codec.encode(after[key])) | {"key": key}
            for key in sorted(after)
            if after[key] is not None
        ]
        if removed:
            await connection.execute(self._remove, removed)
        if saved:
            await connection.execute(self._save, msgspec.json.encode(saved).decode())


def columns_of(row_type: type) -> dict[str, str]:
    """The columns of a row type by their fields, in order.

    Raises ConfigurationError where it has none, one called `key`, or one without a default.
    """
    hints = get_type_hints(row_type)
    if not hints or "key" in hints:
        raise ConfigurationError(f"row type {row_type.__qualname__} needs fields, and none called 'key'")
    try:
        row_type()
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"row type {row_type.__qualname__} needs a default for every field, as a key begins with it: {error}"
        ) from error
    return {name: _COLUMNS.get(_plain(hint), "jsonb") for name, hint in hints.items()}


def _plain(hint: Any) -> Any:
    """The type of a field without its None."""
    if get_origin(hint) in (Union, UnionType):
        rest = [one for one in get_args(hint) if one is not NoneType]
        return rest[0] if len(rest) == 1 else hint
    return hint


def _filled(text: str, table: str, columns: dict[str, str]) -> str:
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in columns)
    return text.replace("made_table", f'"{table}"').replace("made_columns = made_columns", sets)
