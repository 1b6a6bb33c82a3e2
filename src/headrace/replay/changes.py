"""What an open transaction has changed, row by row, beside what everybody else still sees. Writes nothing."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import sub
from typing import Any, Literal

import msgspec

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement

_PACKAGE = "headrace.replay"

Change = Literal["inserted", "updated", "deleted"]
_SORTS: tuple[Change, ...] = ("inserted", "updated", "deleted")


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row: its key, and the columns that differ. Nothing before an insertion, nothing after a deletion."""

    change: Change
    key: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(slots=True)
class TableChanges:
    """What a transaction would change of one table.

    Rows are counted as they were before and are now: one that is inserted and then updated is inserted, one
    that was written and is as it was is `unchanged_count`. Without a primary key (`has_key`) rows cannot be
    told apart: all that were written count as inserted, and `deleted_count` is 0. `statement_counts` say how
    many rows were inserted, updated and deleted on the way there, by trigger or by hand.
    """

    table: str
    has_key: bool
    statement_counts: dict[str, int]
    inserted_count: int = 0
    updated_count: int = 0
    deleted_count: int = 0
    unchanged_count: int = 0
    samples: list[RowChange] = field(default_factory=list[RowChange])

    def keep(self, change: RowChange, *, most: int) -> None:
        """Counts a change, and keeps it where there are not yet `most` of its sort."""
        count = getattr(self, f"{change.change}_count")
        setattr(self, f"{change.change}_count", count + 1)
        if count < most:
            self.samples.append(change)


Counts = Mapping[str, tuple[int, int, int]]
"""How many rows were inserted, updated and deleted, by table."""


async def statement_counts(connection: Connection) -> Counts:
    """What a session has counted of its writes and not handed over yet: of this transaction, and the last ones."""
    rows = await connection.fetch(statement(_PACKAGE, "touched_tables"))
    return {row["name"]: (row["insert_count"], row["update_count"], row["delete_count"]) for row in rows}


async def table_changes(
    inside: Connection, outside: Connection, *, transaction_id: int, counted_before: Counts, most_samples: int
) -> list[TableChanges]:
    """The changes of every table that the transaction open on `inside` has written to, by name.

    `transaction_id` is that transaction's number, `counted_before` the session's counts as it began.
    `outside` is in a transaction (READ COMMITTED) of its own, and sees what everybody sees. No table is
    locked for more than reading, and each is read once or twice, a page in memory at a time.
    """
    rows = await inside.fetch(statement(_PACKAGE, "touched_tables"))
    found: list[TableChanges] = []
    for row in rows:
        before = counted_before.get(row["name"], (0, 0, 0))
        after = row["insert_count"], row["update_count"], row["delete_count"]
        counts: dict[str, int] = dict(zip(_SORTS, map(sub, after, before), strict=True))
        if any(counts.values()):
            told = TableChanges(row["name"], bool(row["key"]), counts)
            await _find(inside, outside, told, list(row["key"]), transaction_id, most=most_samples)
            found.append(told)
    return found


async def _find(
    inside: Connection, outside: Connection, found: TableChanges, key: Sequence[str], transaction_id: int, *, most: int
) -> None:
    name = found.table
    is_known = await outside.fetchval(statement(_PACKAGE, "has_table"), name)
    by_key = _by_key(name, key) if key and is_known else None
    await inside.execute(_formed("open_written_rows", name, key), transaction_id)
    async for page in _pages(inside, statement(_PACKAGE, "next_written_rows")):
        before: Mapping[str, str] = {} if by_key is None else await _rows(outside, by_key, page)
        for row in page:
            _judge(found, row, before.get(row["key"]), most)
    await inside.execute(statement(_PACKAGE, "close_cursor").format(name="headrace_written"))
    if by_key is not None:
        await _find_deleted(inside, outside, found, by_key, key=key, most=most)


def _judge(found: TableChanges, row: Row, before: str | None, most: int) -> None:
    if before is None:
        found.keep(RowChange("inserted", _decoded(row["key"]), None, _decoded(row["row"])), most=most)
    elif before == row["row"]:
        found.unchanged_count += 1
    else:
        old, new = _decoded(before), _decoded(row["row"])
        names = [name for name in new if old.get(name, msgspec.UNSET) != new[name]]
        change = RowChange(
            "updated",
            _decoded(row["key"]),
            {name: old.get(name) for name in names},
            {name: new[name] for name in names},
        )
        found.keep(change, most=most)


async def _find_deleted(
    inside: Connection, outside: Connection, found: TableChanges, by_key: str, *, key: Sequence[str], most: int
) -> None:
    """Those that others still see, and this transaction does not.

    What others have locked is among those looked at; what they have deleted meanwhile is gone from the
    second look outside.
    """
    await outside.execute(_formed("open_locked_rows", found.table, key))
    async for page in _pages(outside, statement(_PACKAGE, "next_locked_rows")):
        kept = await _rows(inside, by_key, page)
        gone = [row for row in page if row["key"] not in kept]
        still: Mapping[str, str] = await _rows(outside, by_key, gone) if gone else {}
        for raw_key, row in still.items():
            found.keep(RowChange("deleted", _decoded(raw_key), _decoded(row), None), most=most)
    await outside.execute(statement(_PACKAGE, "close_cursor").format(name="headrace_locked"))


async def _pages(connection: Connection, query: str) -> AsyncIterator[list[Row]]:
    while page := await connection.fetch(query):
        yield page


async def _rows(connection: Connection, by_key: str, page: Sequence[Row]) -> Mapping[str, str]:
    """The rows of a page's keys as a session sees them, by key."""
    wanted = f"[{','.join(row['key'] for row in page)}]"
    return {row["key"]: row["row"] for row in await connection.fetch(by_key, wanted)}


def _by_key(table: str, key: Sequence[str]) -> str:
    columns = ", ".join(_identifier(name) for name in key)
    return statement(_PACKAGE, "rows_by_key").format(table=table, key=_key(key), columns=columns)


def _formed(name: Literal["open_written_rows", "open_locked_rows"], table: str, key: Sequence[str]) -> str:
    found = (
        statement(_PACKAGE, "open_written_rows")
        if name == "open_written_rows"
        else statement(_PACKAGE, "open_locked_rows")
    )
    return found.format(table=table, key=_key(key))


def _key(key: Sequence[str]) -> str:
    """The arguments of `jsonb_build_object` for a key: each column's name and value."""
    return ", ".join(f"{_literal(name)}, each.{_identifier(name)}" for name in key)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _decoded(raw: str) -> dict[str, Any]:
    return msgspec.json.decode(raw, type=dict[str, Any])
