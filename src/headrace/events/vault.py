"""The vault: seals the personal values of events under the keys of their subjects, and opens them again."""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.events.event import NewEvent
from headrace.events.personal import MARK, SubjectKey, key_ids, opened, sealed
from headrace.keyring import KEY_BYTES, KeyService

_PACKAGE = "headrace.events"
_ID, _TYPE, _DATA = 1, 2, 9
"""Where a row of the log has its event's id, type and data."""


class Vault:
    """Keys of subjects are looked up for each append and each page that is read, and never kept longer.

    So an erasure holds at once in every process: whoever reads after its commit finds no key.
    """

    def __init__(self, service: Callable[[], KeyService]) -> None:
        self._service = service

    async def seal(self, connection: Connection, events: Sequence[NewEvent]) -> list[NewEvent]:
        """The events with their personal values sealed. New subjects get a key, in the same transaction."""
        named = [(event.tenant_id, event.personal.subjects) for event in events if event.personal is not None]
        wanted = sorted({(tenant_id, subject) for tenant_id, subjects in named for subject in subjects.values()})
        keys = await self._known(connection, wanted)
        missing = [one for one in wanted if one not in keys]
        if missing:
            await self._make(connection, missing)
            keys |= await self._known(connection, missing)
        return [
            event
            if event.personal is None or not event.personal.subjects
            else msgspec.structs.replace(
                event,
                data=sealed(event, {name: keys[event.tenant_id, name] for name in event.personal.subjects.values()}),
            )
            for event in events
        ]

    async def open(self, connection: Connection, rows: Sequence[Row]) -> Sequence[Row]:
        """Rows of the log with their personal values in clear; the same rows where there are none."""
        marked = {place for place, row in enumerate(rows) if MARK in row[_DATA]}
        if not marked:
            return rows
        wanted = sorted({key for place in marked for key in key_ids(rows[place][_DATA])})
        keys = await self._by_id(connection, wanted)
        return [_opened(row, keys) if place in marked else row for place, row in enumerate(rows)]

    async def _known(
        self, connection: Connection, wanted: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], SubjectKey]:
        rows = await connection.fetch(
            statement(_PACKAGE, "find_subject_keys"), [one[0] for one in wanted], [one[1] for one in wanted]
        )
        return {(row["tenant_id"], row["subject"]): await self._unwrapped(row) for row in rows}

    async def _by_id(self, connection: Connection, wanted: Sequence[int]) -> dict[int, SubjectKey]:
        rows = await connection.fetch(statement(_PACKAGE, "find_keys_by_id"), wanted) if wanted else []
        return {row["id"]: await self._unwrapped(row) for row in rows}

    async def _unwrapped(self, row: Row) -> SubjectKey:
        wrapped, context = row["wrapped"], key_context(row["tenant_id"], row["subject"])
        key = None if wrapped is None else await self._service().unwrap(wrapped, context=context)
        return SubjectKey(row["id"], row["tenant_id"], row["subject"], key)

    async def _make(self, connection: Connection, missing: Sequence[tuple[str, str]]) -> None:
        made = [secrets.token_bytes(KEY_BYTES) for _ in missing]
        await connection.execute(
            statement(_PACKAGE, "insert_subject_keys"),
            [one[0] for one in missing],
            [one[1] for one in missing],
            [
                await self._service().wrap(key, context=key_context(*one))
                for key, one in zip(made, missing, strict=True)
            ],
            [fingerprint(key) for key in made],
        )


def key_context(tenant_id: str, subject: str) -> bytes:
    """What a subject's key is bound to where it is wrapped."""
    return f"headrace subject\x1f{tenant_id}\x1f{subject}".encode()


def fingerprint(key: bytes) -> str:
    """What identifies a key for ever and tells nothing of it."""
    return hashlib.sha256(b"headrace fingerprint" + key).hexdigest()[:32]


class _OpenedRow:
    """A row of the log whose data are in clear; by number, by name and in order as any row."""

    __slots__ = ("_data", "_row")

    def __init__(self, row: Row, data: str) -> None:
        self._row = row
        self._data = data

    def __getitem__(self, key: int | str) -> Any:
        return self._data if key in {_DATA, "data"} else self._row[key]

    def __iter__(self) -> Iterator[Any]:
        return (self._data if place == _DATA else value for place, value in enumerate(self._row))

    def __len__(self) -> int:
        return len(self._row)


def _opened(row: Row, keys: dict[int, SubjectKey]) -> _OpenedRow:
    return _OpenedRow(row, opened(row[_DATA], event_id=row[_ID], name=row[_TYPE], keys=keys))
