"""Words that a user puts on contacts, to find them by."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Connection, Transaction, statement
from headrace_crm.contacts.events import ContactTagged, contact_stream
from headrace_crm.errors import CrmError

_PACKAGE: Final = "headrace_crm.contacts"
_LONGEST: Final = 60


class TagError(CrmError):
    """Something given is no tag; the message says why."""


def read_tags(given: Iterable[str]) -> tuple[str, ...]:
    """Tags as they are kept: lower case, single blanks, each once, in order. Raises TagError.

    >>> read_tags(["Board  member", "board member", "vip"])
    ('board member', 'vip')
    """
    found: dict[str, None] = {}
    for text in given:
        tag = asked_tag(text)
        if tag is None or "," in tag or len(tag) > _LONGEST:
            raise TagError(f"a tag has 1 to {_LONGEST} characters and no comma, got {text!r}")
        found[tag] = None
    return tuple(found)


async def tag_contact(
    tx: Transaction, owner_id: UUID, contact_id: UUID, tags: Collection[str], *, now: datetime
) -> int:
    """Puts tags on a contact; how many it did not have. The event counts them and does not tell them."""
    rows = await tx.fetch(statement(_PACKAGE, "add_tags"), contact_id, list(tags), now)
    return await _tell(tx, owner_id, contact_id, added=len(rows))


async def untag_contact(tx: Transaction, owner_id: UUID, contact_id: UUID, tags: Collection[str]) -> int:
    """Takes tags from a contact; how many it had."""
    rows = await tx.fetch(statement(_PACKAGE, "remove_tags"), contact_id, list(tags))
    return await _tell(tx, owner_id, contact_id, removed=len(rows))


async def copy_tags(connection: Connection, contact_id: UUID, to_id: UUID) -> None:
    """Gives a contact the tags of another as well, where the two are joined or split."""
    await connection.execute(statement(_PACKAGE, "copy_tags"), contact_id, to_id)


async def tags_of(connection: Connection, contact_ids: Collection[UUID]) -> dict[UUID, tuple[str, ...]]:
    """The tags of those of these contacts that have any."""
    found: dict[UUID, tuple[str, ...]] = {}
    for row in await connection.fetch(statement(_PACKAGE, "tags_of"), sorted(contact_ids)):
        found[row["contact_id"]] = (*found.get(row["contact_id"], ()), row["tag"])
    return found


async def list_tags(connection: Connection, owner_id: UUID, *, limit: int = 200) -> list[tuple[str, int]]:
    """The tags of an owner's contacts with how many have each, the most used first."""
    rows = await connection.fetch(statement(_PACKAGE, "list_tags"), owner_id, limit)
    return [(row["tag"], row["contact_count"]) for row in rows]


def asked_tag(text: str) -> str | None:
    """The tag that somebody looks for; None for blank text, and text that is no tag stands for itself: nobody has it.

    >>> asked_tag(" VIP "), asked_tag("  "), asked_tag("a,b")
    ('vip', None, 'a,b')
    """
    return " ".join(text.replace("\0", "").split()).lower() or None


async def _tell(tx: Transaction, owner_id: UUID, contact_id: UUID, *, added: int = 0, removed: int = 0) -> int:
    if added or removed:
        await tx.append(ContactTagged(contact_id, owner_id, added, removed), stream=contact_stream(contact_id))
    return added + removed
