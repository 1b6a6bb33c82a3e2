"""The newest messages of contacts, out of which they are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Connection, statement
from headrace_crm.mail.reply_text import MAX_CHARS

_PACKAGE: Final = "headrace_crm.enrichment"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message somebody wrote to the owner; `name` may be empty, as it is in the header."""

    message_id: int
    email: str
    name: str
    sent_at: datetime
    body: str

    @property
    def evidence(self) -> str:
        """How a fact found in it says where it is from."""
        return f"message {self.message_id}"


async def newest_letters(
    connection: Connection, contact_ids: Sequence[UUID], *, limit: int
) -> dict[UUID, list[Letter]]:
    """At most `limit` messages of each of these contacts to the owner, the newest first."""
    found: dict[UUID, list[Letter]] = {contact_id: [] for contact_id in contact_ids}
    for row in await connection.fetch(statement(_PACKAGE, "newest_letters"), contact_ids, limit, MAX_CHARS):
        letter = Letter(row["id"], row["sender_email"], row["sender_name"], row["sent_at"], row["body_text"])
        found[row["contact_id"]].append(letter)
    return found


async def read_before(connection: Connection, contact_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Those of these contacts whose mail had something to tell when it was read last, with when that mail was sent."""
    rows = await connection.fetch(statement(_PACKAGE, "read_before"), contact_ids)
    return {row["contact_id"]: row["fetched_at"] for row in rows}
