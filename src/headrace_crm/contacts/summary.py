"""What an owner's mailbox holds in all."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from headrace import Connection, statement
from headrace_crm.mail.importing import ImportNotFoundError, import_state

_PACKAGE: Final = "headrace_crm.contacts"


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import found, and what its owner has in all.

    `messages` were read from the files; of these `new` were stored, `duplicates` were there before (or twice
    in the files), `unparsed` are kept as they are because they cannot be read. `threads`, `contacts` and the
    interactions `sent` and `received` are those of the owner's whole mail.
    """

    messages: int
    new: int
    duplicates: int
    unparsed: int
    threads: int
    contacts: int
    sent: int
    received: int


async def import_summary(connection: Connection, job_id: UUID) -> ImportSummary:
    """Sums up an import; of one that still runs, what it has come to. Raises ImportNotFoundError."""
    state = await import_state(connection, job_id)
    if state.owner_id is None:
        raise ImportNotFoundError(job_id)
    row = await connection.fetchrow(statement(_PACKAGE, "count_mailbox"), state.owner_id)
    assert row is not None  # noqa: S101 - an aggregate always has a row
    return ImportSummary(
        messages=state.read_count,
        new=state.new_count,
        duplicates=state.duplicate_count,
        unparsed=state.unparsed_count,
        threads=row["threads"],
        contacts=row["contacts"],
        sent=row["sent"],
        received=row["received"],
    )
