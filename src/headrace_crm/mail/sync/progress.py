"""How far mailboxes are mirrored, read in the same time however large they are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Connection, statement
from headrace_crm.mail.sync.store import Listing

_PACKAGE: Final = "headrace_crm.mail.sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the listing of all mail has come to; it counts from zero each time a mailbox is listed anew.

    `listed` messages were found so far, `settled` of them are stored or known not to be wanted. `waiting_batches` of
    all readings, those of new mail too, are still to be fetched.
    """

    listing: Listing
    listed: int
    settled: int
    waiting_batches: int
    looked_at: datetime

    @property
    def share(self) -> float:
        """How much of what was listed is settled, from 0 to 1; 0 before anything was listed."""
        return min(1.0, self.settled / self.listed) if self.listed else 0.0


async def read_progress(connection: Connection, account_ids: Collection[UUID]) -> Mapping[UUID, Progress]:
    """The progress of those of these accounts whose first listing has begun."""
    rows = await connection.fetch(statement(_PACKAGE, "list_progress"), sorted(account_ids))
    return {
        row["account_id"]: Progress(
            listing=row["listing"],
            listed=row["listed"],
            settled=row["settled"],
            waiting_batches=row["waiting_batches"],
            looked_at=row["looked_at"],
        )
        for row in rows
    }


async def newest_progress(connection: Connection, *, limit: int = 100) -> Mapping[UUID, Progress]:
    """The progress of the mailboxes that were looked at last, `limit` at most."""
    rows = await connection.fetch(statement(_PACKAGE, "newest_mailboxes"), limit)
    return await read_progress(connection, [row["account_id"] for row in rows])
