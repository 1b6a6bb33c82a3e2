"""Exports a partition of the log into a file of an archive, in pages and bounded memory."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from headrace.db.connection import Connection, Pool
from headrace.db.statements import statement
from headrace.events.archive_file import (
    FORMAT,
    ArchiveError,
    ArchiveWriter,
    Manifest,
    data_file,
    manifest_file,
    read_manifest,
    require_whole,
)
from headrace.events.retention import EventPartition, Extent

_PACKAGE = "headrace.events"
_PAGE = 1_000


def bounds_of(partition: EventPartition) -> tuple[Any, ...]:
    """A partition as statements take it."""
    return (
        partition.retention,
        partition.low_position,
        partition.high_position,
        partition.low_at,
        partition.high_at,
    )


async def measure(connection: Connection, partition: EventPartition) -> Extent:
    """What a partition holds. Counts it."""
    row = await connection.fetchrow(statement(_PACKAGE, "measure_partition"), *bounds_of(partition))
    return Extent(0, 0, 0) if row is None else Extent(row[0], row[1], row[2])


class Export:
    """The events of a partition in a file that has yet to get its name; `manifest` says what it holds.

    Without a writer both files are there already.
    """

    def __init__(self, manifest: Manifest, writer: ArchiveWriter | None) -> None:
        self.manifest = manifest
        self._writer = writer

    async def publish(self) -> None:
        """Gives the files their names. Only while the partition is held, and holds what was exported.

        Otherwise one who is late would write over what another has exported and dropped meanwhile.
        """
        if self._writer is not None:
            await asyncio.to_thread(self._writer.publish, self.manifest)


@asynccontextmanager
async def exported(pool: Pool, partition: EventPartition, extent: Extent, folder: Path) -> AsyncGenerator[Export]:
    """The events of a partition, written to the disk in a folder, for a block that may publish them.

    Where that was done before and both files are whole, they stay as they are. No connection is held between
    pages. Raises ArchiveError where the folder has that partition of another database, OSError where it
    cannot be written.
    """
    known = await asyncio.to_thread(_known, partition, extent, folder)
    if known is not None:
        yield Export(known, None)
        return
    writer = ArchiveWriter(data_file(folder, partition.name))
    try:
        await asyncio.to_thread(writer.open)
        yield Export(await _write(pool, partition, writer), writer)
    finally:
        await asyncio.to_thread(writer.close)


async def _write(pool: Pool, partition: EventPartition, writer: ArchiveWriter) -> Manifest:
    types: Counter[str] = Counter()
    moments: list[datetime] = []
    position = first_position = 0
    while True:
        async with pool.acquire() as connection:
            rows = await connection.fetch(statement(_PACKAGE, "read_partition"), *bounds_of(partition), position, _PAGE)
        if not rows:
            break
        await asyncio.to_thread(writer.write, [row[1] for row in rows])
        types.update(row[2] for row in rows)
        moments = [min([*moments, *(row[3] for row in rows)]), max([*moments, *(row[3] for row in rows)])]
        first_position = first_position or rows[0][0]
        position = rows[-1][0]
    digest = await asyncio.to_thread(writer.seal)
    return Manifest(
        format=FORMAT,
        partition=partition.name,
        retention=partition.retention,
        low_position=partition.low_position,
        high_position=partition.high_position,
        low_at=partition.low_at,
        high_at=partition.high_at,
        event_count=types.total(),
        first_position=first_position,
        last_position=position,
        first_at=moments[0] if moments else None,
        last_at=moments[-1] if moments else None,
        types=dict(sorted(types.items())),
        file=writer.target.name,
        sha256=digest,
    )


def _known(partition: EventPartition, extent: Extent, folder: Path) -> Manifest | None:
    """An export of this partition that is whole and says the same, so that it need not be made again."""
    path = manifest_file(folder, partition.name)
    if not path.exists():
        return None
    manifest = read_manifest(path)
    if manifest.first_position != extent.first_position or manifest.event_count > extent.event_count:
        raise ArchiveError(
            path,
            f"it holds events {manifest.first_position} to {manifest.last_position}, the partition "
            f"{extent.first_position} to {extent.last_position}; another database's; give each its own folder",
        )
    if manifest.extent != extent or manifest.bounds != partition:
        return None
    with suppress(ArchiveError):
        require_whole(folder, manifest)
        return manifest
    return None
