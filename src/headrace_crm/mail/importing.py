"""Imports of mailbox files: begin one, and look how far it is."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from headrace import Connection, Headrace, Transaction, Unique, bind, statement
from headrace_crm.errors import CrmError
from headrace_crm.mail.owners import AsOf, claim_owner, set_as_of

IMPORT_KIND: Final = "import-mbox"
BATCH_KIND: Final = "process-email-batch"
EXTRACTION_KIND: Final = "contact-extraction"

Phase: TypeAlias = Literal["waiting", "reading", "storing", "stored"]

_PACKAGE: Final = "headrace_crm.mail"


class ImportMbox(msgspec.Struct, frozen=True):
    """Args of `import-mbox`: whose mail it is, and the absolute paths of the files, read in this order."""

    owner_id: UUID
    paths: tuple[str, ...]


class ProcessBatch(msgspec.Struct, frozen=True):
    """Args of `process-email-batch`: the job of the import, which of its batches, and where from if from a server."""

    import_id: UUID
    batch: int
    account_id: UUID | None = None


class ExtractContacts(msgspec.Struct, frozen=True):
    """Args of `contact-extraction`: in whose mail to find people."""

    owner_id: UUID


class ImportFileError(CrmError):
    """A file cannot be imported; the message says why and what to do."""


class ImportNotFoundError(CrmError):
    """No import has this id."""

    def __init__(self, job_id: UUID) -> None:
        super().__init__(f"no import with id {job_id}; `headrace jobs list --kind {IMPORT_KIND}` lists them")
        self.job_id = job_id


@dataclass(frozen=True, slots=True)
class ImportState:
    """How far an import is.

    `phase` is waiting until a worker takes it, reading until the last message is staged, storing until the
    last batch is stored, then stored; people and scores follow it. The counts are of messages:
    `read_count` found in the files; of these `new_count` are stored by this import, `duplicate_count` were
    there before (or twice in the files), `unparsed_count` cannot be read. While storing, `read_count` is
    ahead of their sum. `error` is why reading ended early, None when it did not; what was read until then
    is stored.
    """

    job_id: UUID
    owner_id: UUID | None
    phase: Phase
    bytes_read: int
    bytes_total: int
    read_count: int
    new_count: int
    duplicate_count: int
    unparsed_count: int
    batch_count: int
    batches_done: int
    error: str | None

    @property
    def is_stored(self) -> bool:
        """True once every message that could be read is stored."""
        return self.phase == "stored"


async def start_import(
    app: Headrace, paths: Path | Sequence[Path], owner_addresses: Iterable[str], as_of: AsOf | None = None
) -> UUID:
    """Enqueues the import of one mailbox, of one or more files; returns the job's id.

    The owner is the one who has any of the addresses, else a new one; addresses they did not have are
    added, also to mail imported before. `as_of` None leaves what scores take for now as it is: the clock,
    for a new owner. Workers read the files by their absolute paths.

    Raises OwnerError for the addresses, ImportFileError where a path is no readable file.
    """
    chosen = [paths] if isinstance(paths, Path) else list(paths)
    if not chosen:
        raise ImportFileError("an import needs a file, got none; name an mbox or mbox.gz")
    resolved = tuple(await asyncio.to_thread(lambda: [_readable(path) for path in chosen]))
    async with app.transaction() as tx:
        owner_id = await claim_owner(tx, owner_addresses)
        if as_of is not None:
            await set_as_of(tx.connection, owner_id, as_of)
        with bind(user_id=str(owner_id)):
            return (await tx.enqueue(IMPORT_KIND, ImportMbox(owner_id, resolved))).id


async def import_state(connection: Connection, job_id: UUID) -> ImportState:
    """How far the import of this job is; all zeros before a worker has taken it."""
    row = await connection.fetchrow(statement(_PACKAGE, "import_state"), job_id)
    if row is None:
        return ImportState(job_id, None, "waiting", 0, 0, 0, 0, 0, 0, 0, 0, None)
    phase: Phase = "stored" if row["stored_at"] else "storing" if row["read_at"] else "reading"
    return ImportState(
        job_id=job_id,
        owner_id=row["owner_id"],
        phase=phase,
        bytes_read=row["bytes_read"],
        bytes_total=row["bytes_total"],
        read_count=row["read_count"],
        new_count=row["new_count"],
        duplicate_count=row["duplicate_count"],
        unparsed_count=row["unparsed_count"],
        batch_count=row["batch_count"],
        batches_done=row["batches_done"],
        error=row["error"],
    )


async def begin_extraction(tx: Transaction, owner_id: UUID, *, delay: timedelta | None = None) -> None:
    """Enqueues the search for people in an owner's mail, unless one is waiting; one with a delay does not count."""
    key = str(owner_id) if delay is None else f"{owner_id}/later"
    await tx.enqueue(EXTRACTION_KIND, ExtractContacts(owner_id), unique=Unique(key, scope="waiting"), delay=delay)


def _readable(path: Path) -> str:
    full = path.expanduser().absolute()
    try:
        with full.open("rb"):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise ImportFileError(
            f"{path} cannot be read: {reason}; name an mbox or mbox.gz file that the workers can read too"
        ) from error
    return str(full)
