"""Reads files of an archive, and makes them partitions of the log again: same positions, same ids."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from headrace.db.connection import Connection, Pool
from headrace.db.errors import LOCKED
from headrace.db.statements import statement
from headrace.events.archive_file import ArchiveError, Manifest, read_lines, read_manifest, require_whole

_PACKAGE = "headrace.events"
_PAGE = 1_000

Alongside = Callable[[Connection, Manifest], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ArchivedPartition:
    """A partition of the log that retention dropped, with what events, into which file (None without an export).

    One that `is_restored` is in the log again, and stays there until `keep_until`.
    """

    partition: str
    retention: str
    event_count: int
    first_position: int
    last_position: int
    low_at: datetime | None
    high_at: datetime | None
    file: str | None
    sha256: str | None
    dropped_at: datetime
    restored_at: datetime | None
    keep_until: datetime | None
    is_restored: bool


@dataclass(frozen=True, slots=True)
class Restored:
    """A partition that is in the log again, or, where it is not `is_new`, was there already."""

    partition: str
    event_count: int
    is_new: bool


async def list_archived(
    connection: Connection, *, partition: str | None = None, after: int = 0, limit: int = 10_000
) -> list[ArchivedPartition]:
    """What retention has dropped, or the partition named, oldest events first.

    `after` continues after the last `first_position` of a page.
    """
    rows = await connection.fetch(statement(_PACKAGE, "list_archived"), limit, after, partition)
    return [ArchivedPartition(*row) for row in rows]


def read_archive(file: Path) -> Iterator[dict[str, Any]]:
    """The events of a file of an archive in the order of their positions, each with all columns of `headrace.event`.

    `file` is the one with the events, or its manifest. Reads it twice, in bounded memory: before the first event, to
    see that it is whole. Asks no database. Raises ArchiveError.
    """
    for line in read_lines(require_whole(file.parent, read_manifest(file))):
        yield msgspec.json.decode(line)


async def restore_archive(
    pool: Pool,
    file: Path,
    *,
    keep: timedelta = timedelta(days=7),
    now: datetime | None = None,
    alongside: Alongside | None = None,
) -> Restored:
    """Makes a file of an archive a partition of the log again, which retention leaves alone for so long.

    All or nothing: the events are written into a table that is attached in the same transaction. Where the
    partition is in the log it stays as it is, and is kept from now. `alongside` writes in that transaction. Raises
    ArchiveError where the file is not whole, or not what this database has dropped.
    """
    manifest = await asyncio.to_thread(read_manifest, file)
    path = await asyncio.to_thread(require_whole, file.parent, manifest)
    try:
        async with pool.acquire() as connection, connection.transaction():
            # Who restores the same one waits here, and then finds it.
            await connection.execute(statement(_PACKAGE, "begin_restore"), manifest.partition)
            is_new = not await _is_there(connection, path, manifest)
            if is_new:
                await _fill(connection, path, manifest)
                await connection.execute(statement(_PACKAGE, "end_restore"), manifest.partition, now, keep)
            else:
                await connection.execute(statement(_PACKAGE, "keep_restored"), manifest.partition, now, keep)
            if alongside is not None:
                await alongside(connection, manifest)
    except LOCKED as error:
        raise ArchiveError(path, "somebody holds the log locked; nothing was changed, try again") from error
    return Restored(manifest.partition, manifest.event_count, is_new)


async def _is_there(connection: Connection, path: Path, manifest: Manifest) -> bool:
    """Whether the partition is in the log. Raises ArchiveError where this database has not dropped just it."""
    known = await connection.fetchrow(statement(_PACKAGE, "find_archived"), manifest.partition)
    if known is None:
        raise ArchiveError(path, f"this database has dropped no partition {manifest.partition}; name the one that has")
    if (known["first_position"], known["last_position"], known["event_count"]) != (
        manifest.first_position,
        manifest.last_position,
        manifest.event_count,
    ):
        raise ArchiveError(
            path,
            f"it has {manifest.event_count} events from {manifest.first_position} to {manifest.last_position}, and "
            f"this database has dropped {known['event_count']} from {known['first_position']} to "
            f"{known['last_position']}; it is another database's",
        )
    return bool(known["is_there"])


async def _fill(connection: Connection, path: Path, manifest: Manifest) -> None:
    lines = read_lines(path)
    while page := await asyncio.to_thread(lambda: list(islice(lines, _PAGE))):
        await connection.execute(statement(_PACKAGE, "fill_restore"), manifest.partition, page)
