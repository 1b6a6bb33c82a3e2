"""The statements that keep jobs of kinds nobody handles out of the way. Takes a connection, never commits."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

from headrace.db.connection import Connection
from headrace.db.statements import statement

_PACKAGE = "headrace.jobs"


async def find_unhandled(
    connection: Connection, *, handled: Collection[str], limit: int, now: datetime | None
) -> set[str]:
    """The kinds that no living worker handles, among the first `limit` due jobs of every queue and priority."""
    rows = await connection.fetch(statement(_PACKAGE, "find_unhandled"), list(handled), now, limit)
    return {row["kind"] for row in rows}


async def shelve(connection: Connection, kinds: Collection[str], *, limit: int, now: datetime | None) -> int:
    """Shelves the jobs of these kinds among the first `limit` of every queue and priority; how many."""
    return _count(await connection.execute(statement(_PACKAGE, "shelve_unhandled"), sorted(kinds), now, limit))


async def unshelve(connection: Connection, kinds: Collection[str], *, limit: int) -> int:
    """Lets up to `limit` shelved jobs of these kinds be claimed; how many."""
    return _count(await connection.execute(statement(_PACKAGE, "unshelve_handled"), sorted(kinds), limit))


async def fail_unhandled(connection: Connection, *, grace: timedelta, limit: int, now: datetime | None) -> Counter[str]:
    """Ends up to `limit` jobs shelved for `grace`; how many of each kind."""
    rows = await connection.fetch(statement(_PACKAGE, "fail_unhandled"), grace, now, limit)
    return Counter(row["kind"] for row in rows)


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])
