"""The work of `import-mbox`: stages a mailbox piece by piece, and has each batch of it stored."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal, NoReturn, TypeAlias
from uuid import UUID

from headrace import Discard, Headrace, Job, Row, Snooze, Transaction, bind, statement
from headrace_crm.errors import CrmError
from headrace_crm.mail.completion import complete_import
from headrace_crm.mail.events import SyncStarted
from headrace_crm.mail.importing import BATCH_KIND, IMPORT_KIND, ImportMbox, ProcessBatch
from headrace_crm.mail.providers.byte_source import MailboxFileError
from headrace_crm.mail.staging import Piece, StagedMessage, cut_batches, read_pieces

SOURCE: Final = "mbox"
MOST_WAITING_BATCHES: Final = 200
"""Batches staged ahead of those who store them; bounds the room that staged messages take."""

_LOOK_AGAIN: Final = timedelta(milliseconds=200)
_LOOKS_BEFORE_SNOOZE: Final = 15
_SNOOZE: Final = timedelta(seconds=1)
_PACKAGE: Final = "headrace_crm.mail"

_Fate: TypeAlias = Literal["new", "duplicate", "unparsed"]


class OvertakenError(CrmError):
    """Another attempt at the same import has gone on; this one wrote nothing and ends."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an import stands: every message before `offset` of file `file_number` is staged."""

    file_number: int
    offset: int


@dataclass(slots=True)
class _Reading:
    """One attempt at an import: what it knows of the files, and where it stands."""

    job: Job
    owner_id: UUID
    paths: tuple[Path, ...]
    sizes: tuple[int, ...]
    started_at: datetime
    place: _Place

    @property
    def bytes_before(self) -> int:
        return sum(self.sizes[: self.place.file_number])

    @property
    def bytes_total(self) -> int:
        return sum(self.sizes)


async def read_mailbox(app: Headrace, args: ImportMbox, job: Job) -> None:
    """Stages what is not staged yet and completes the job with the last of it.

    Each piece is one transaction: its messages, the batch jobs for them and the place to resume at. A
    damaged or changed file ends the job as failed; what was read until then is stored all the same.
    """
    reading = await _begin(app, args, job)
    if reading is None:
        return
    while reading.place.file_number < len(reading.paths):
        path = reading.paths[reading.place.file_number]
        pieces = read_pieces(path, start_offset=reading.place.offset, now=reading.started_at)
        try:
            if await _stage_file(app, reading, pieces):
                return
        except (MailboxFileError, OSError) as error:
            if isinstance(error, OSError) and not isinstance(error, FileNotFoundError | PermissionError):
                raise
            await _end_early(app, reading, str(error))


async def _begin(app: Headrace, args: ImportMbox, job: Job) -> _Reading | None:
    paths = tuple(Path(path) for path in args.paths)
    missing: str | None = None
    try:
        stats = await asyncio.to_thread(lambda: [path.stat() for path in paths])
    except OSError as error:
        missing = f"{error.filename} cannot be read: {error.strerror}; import it again from where it is now"
        stats = []
    sizes = tuple(stat.st_size for stat in stats)
    fingerprints = [f"{stat.st_size}:{stat.st_mtime_ns}" for stat in stats]
    async with app.transaction() as tx:
        begun = await tx.fetch(
            statement(_PACKAGE, "begin_import"),
            job.id,
            args.owner_id,
            args.paths,
            fingerprints,
            sum(sizes),
            app.clock.now(),
        )
        if begun:
            with bind(user_id=str(args.owner_id)):
                await tx.append(SyncStarted(args.owner_id, job.id, SOURCE))
        row = begun[0] if begun else await _lock(tx, job.id)
    reading = _Reading(
        job, args.owner_id, paths, sizes, row["started_at"], _Place(row["file_number"], row["read_offset"])
    )
    if row["read_at"] is not None:
        if row["error"] is not None:
            raise Discard(row["error"])
        return None
    if missing is not None:
        await _end_early(app, reading, missing)
    if list(row["fingerprints"]) != fingerprints:
        await _end_early(
            app,
            reading,
            "a file changed while it was imported; what was read before is stored; import it again for the rest",
        )
    return reading


async def _stage_file(app: Headrace, reading: _Reading, pieces: Iterator[Piece]) -> bool:
    """Stages one file from where it stands; True when it was the last and the job is completed."""
    while True:
        piece = await asyncio.to_thread(next, pieces)
        is_end = piece.is_last and reading.place.file_number == len(reading.paths) - 1
        next_place = (
            _Place(reading.place.file_number + 1, 0)
            if piece.is_last
            else _Place(reading.place.file_number, piece.end_offset)
        )
        bytes_read = (
            sum(reading.sizes[: next_place.file_number]) if piece.is_last else reading.bytes_before + piece.bytes_read
        )
        async with reading.job.transaction() if is_end else app.transaction() as tx:
            waiting = await _stage_piece(tx, reading, piece.messages, next_place, bytes_read)
            if is_end:
                reading.job.progress(bytes_read, total=reading.bytes_total)
                tx.result = await _finish_reading(app, tx, reading, error=None)
        if is_end:
            return True
        reading.place = next_place
        reading.job.progress(bytes_read, total=reading.bytes_total, message="reading")
        if waiting > MOST_WAITING_BATCHES:
            await _let_batches_go(app, reading.job)
        if piece.is_last:
            return False


async def _stage_piece(
    tx: Transaction,
    reading: _Reading,
    messages: tuple[StagedMessage, ...],
    next_place: _Place,
    bytes_read: int,
) -> int:
    """Stages new messages and their batches, counts the others, moves on; returns how many batches wait."""
    job_id = reading.job.id
    row = await _lock(tx, job_id)
    if _Place(row["file_number"], row["read_offset"]) != reading.place or row["read_at"] is not None:
        raise OvertakenError(f"import {job_id} was taken on by another attempt")
    fates = await _judge(tx, reading, messages)
    new = [message for message, fate in zip(messages, fates, strict=True) if fate == "new"]
    first_batch: int = row["batch_count"]
    batches = list(enumerate(cut_batches(new), start=first_batch))
    await tx.connection.copy_records_to_table(
        "import_item",
        schema_name="crm",
        columns=("import_id", "batch", "number", "message_key", "raw", "envelope_at", "is_truncated"),
        records=[
            (job_id, batch, number, item.message_key, item.raw, item.envelope_at, item.is_truncated)
            for batch, items in batches
            for number, item in enumerate(items)
        ],
    )
    with bind(user_id=str(reading.owner_id)):
        # A key of the import's own, under no rule: imports take turns, and no account's quota holds them back.
        await tx.enqueue_many(
            BATCH_KIND,
            [ProcessBatch(job_id, batch) for batch, _ in batches],
            parent=job_id,
            limit_key=f"{IMPORT_KIND}:{job_id}",
        )
    count = Counter(fates)
    return await tx.fetchval(
        statement(_PACKAGE, "advance_import"),
        job_id,
        next_place.file_number,
        next_place.offset,
        bytes_read,
        len(messages),
        count["duplicate"],
        count["unparsed"],
        len(batches),
    )


async def _judge(tx: Transaction, reading: _Reading, messages: tuple[StagedMessage, ...]) -> list[_Fate]:
    """Tell new messages from those already stored, staged, or earlier in the same piece; the first one wins.

    What an earlier import could not read is unparsed again, so that the same file gives the same count.
    """
    keys = list(dict.fromkeys(message.message_key for message in messages))
    known: dict[str, _Fate] = {
        row["message_key"]: row["fate"]
        for row in await tx.fetch(statement(_PACKAGE, "known_keys"), reading.owner_id, reading.job.id, keys)
    }
    fates: list[_Fate] = []
    for message in messages:
        fates.append(known.get(message.message_key, "new"))
        known[message.message_key] = "duplicate"
    return fates


async def _finish_reading(app: Headrace, tx: Transaction, reading: _Reading, *, error: str | None) -> dict[str, int]:
    now = app.clock.now()
    (row,) = await tx.fetch(statement(_PACKAGE, "finish_reading"), reading.job.id, now, error)
    await complete_import(tx, reading.job.id, now=now)
    return {"read": row["read_count"], "batches": row["batch_count"]}


async def _lock(tx: Transaction, import_id: UUID) -> Row:
    (row,) = await tx.fetch(statement(_PACKAGE, "lock_import"), import_id)
    return row


async def _end_early(app: Headrace, reading: _Reading, reason: str) -> NoReturn:
    async with app.transaction() as tx:
        row = await _lock(tx, reading.job.id)
        if row["read_at"] is None:
            await _finish_reading(app, tx, reading, error=reason)
    raise Discard(reason)


async def _let_batches_go(app: Headrace, job: Job) -> None:
    """Wait until enough batches are stored; a worker with no other hands gives the job back instead."""
    least = None
    looks = 0
    while looks < _LOOKS_BEFORE_SNOOZE:
        async with app.pool.acquire() as connection:
            waiting: int = await connection.fetchval(statement(_PACKAGE, "waiting_batches"), job.id)
        if waiting <= MOST_WAITING_BATCHES // 2:
            return
        looks = looks + 1 if least is not None and waiting >= least else 0
        least = waiting if least is None else min(least, waiting)
        await asyncio.sleep(_LOOK_AGAIN.total_seconds())
    raise Snooze(_SNOOZE)
