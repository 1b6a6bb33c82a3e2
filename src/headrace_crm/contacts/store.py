"""Reads and writes an owner's people; the owner must be locked for all of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from headrace import Connection, Row, statement
from headrace_crm.contacts.naming import SeenName, display_name
from headrace_crm.contacts.resolve import Interaction, Resolution, StoredMessage
from headrace_crm.contacts.standing import AddressFacts, Standing
from headrace_crm.contacts.tie import Bound
from headrace_crm.mail.model import ParsedMessage
from headrace_crm.mail.store import restore_message

_PACKAGE: Final = "headrace_crm.contacts"


@dataclass(frozen=True, slots=True)
class StaleAddress:
    """An address to be judged, what it was judged to be before, and whose it was."""

    facts: AddressFacts
    standing: Standing | None
    contact_id: UUID | None
    full_names: frozenset[str]
    decided: UUID | None


@dataclass(frozen=True, slots=True)
class Card:
    """A person's name, as mail has it, and addresses, the one they write from most first."""

    id: UUID
    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Announced:
    """A contact's card as it was told last; where it is named, its profile has a name that mail does not change."""

    card: Card
    is_named: bool


@dataclass(frozen=True, slots=True)
class Writer:
    """A person's address with the full names it wrote under, and whose it is: by mail, and by a user's word."""

    email: str
    full_names: frozenset[str]
    contact_id: UUID | None
    decided: UUID | None


@dataclass(slots=True)
class _Names:
    own: list[SeenName] = field(default_factory=list[SeenName])
    others: list[SeenName] = field(default_factory=list[SeenName])
    full: set[str] = field(default_factory=set[str])


class ContactStore:
    """The people of one owner, on one connection."""

    def __init__(self, connection: Connection, owner_id: UUID) -> None:
        self._connection = connection
        self._owner_id = owner_id

    async def stale_addresses(self, *, limit: int) -> list[StaleAddress]:
        """Addresses about which mail says something new, in order."""
        rows = await self._fetch("stale_addresses", limit)
        names = await self._names([row["email"] for row in rows])
        return [
            StaleAddress(
                AddressFacts(
                    row["email"],
                    row["authored_count"],
                    row["named_count"],
                    tuple(names[row["email"]].own),
                    tuple(names[row["email"]].others),
                ),
                row["standing"],
                row["contact_id"],
                frozenset(names[row["email"]].full),
                row["decided"],
            )
            for row in rows
        ]

    async def authors_named(self, full_names: Collection[str]) -> list[Writer]:
        """Who writes under one of these full names, among those who are persons already."""
        if not full_names:
            return []
        rows = await self._fetch("authors_named", sorted(full_names))
        return [Writer(row["email"], frozenset(row["full_names"]), row["contact_id"], row["decided"]) for row in rows]

    async def bonds_among(self, writers: Iterable[Writer]) -> list[Bound]:
        """Pairs of these addresses that have a full name in common and are bound by mail."""
        by_name: dict[str, list[str]] = {}
        for writer in writers:
            for name in writer.full_names:
                by_name.setdefault(name, []).append(writer.email)
        asked = sorted((email, name) for name, emails in by_name.items() if len(emails) > 1 for email in emails)
        if not asked:
            return []
        rows = await self._fetch("bonds_among", [email for email, _ in asked], [name for _, name in asked])
        return [Bound(row["email"], row["other"], f"{row['way']} in message {row['message_id']}") for row in rows]

    async def existing_contacts(self, contact_ids: Collection[UUID]) -> set[UUID]:
        """Those of these persons who are contacts."""
        if not contact_ids:
            return set()
        rows = await self._connection.fetch(statement(_PACKAGE, "existing_contacts"), sorted(contact_ids))
        return {row["id"] for row in rows}

    async def absorb_people(self, absorbed: Mapping[UUID, UUID]) -> None:
        """Gives the addresses of persons who are no contacts to others."""
        if absorbed:
            await self._execute("absorb_people", list(absorbed), list(absorbed.values()))

    async def write_standings(self, standings: Mapping[str, Standing]) -> None:
        """Notes what addresses were judged to be; they are fresh then."""
        await self._execute("write_standings", list(standings), list(standings.values()))

    async def write_people(self, contact_ids: Mapping[str, UUID], *, removed: Sequence[str]) -> None:
        """Notes whose addresses are and which are nobody's; the contacts concerned go stale."""
        if removed:
            await self._execute("remove_people", removed)
        if contact_ids:
            await self._execute("write_people", list(contact_ids), list(contact_ids.values()))

    async def unextract_messages_of(self, emails: Sequence[str]) -> None:
        """Has the messages that name these addresses resolved again."""
        if emails:
            await self._execute("unextract_messages", emails)

    async def unextracted_messages(self, *, limit: int) -> list[StoredMessage]:
        """Messages whose people are to be found, the oldest first."""
        rows = await self._fetch("unextracted_messages", limit)
        if not rows:
            return []
        ids = [row["id"] for row in rows]
        addresses: dict[int, list[Row]] = {row["id"]: [] for row in rows}
        for row in await self._connection.fetch(statement(_PACKAGE, "message_addresses"), ids):
            addresses[row["message_id"]].append(row)
        recorded: dict[int, dict[UUID, Row]] = {row["id"]: {} for row in rows}
        for row in await self._connection.fetch(statement(_PACKAGE, "recorded_interactions"), ids):
            recorded[row["message_id"]][row["contact_id"]] = row["direction"]
        return [
            StoredMessage(
                row["id"], restore_message(row, addresses[row["id"]]), recorded[row["id"]], is_removed=row["is_removed"]
            )
            for row in rows
        ]

    async def people(self, messages: Iterable[ParsedMessage]) -> dict[str, UUID]:
        """The person of each address that these messages are from or to, where it is a person's."""
        emails = {
            address.email
            for message in messages
            for address in (*message.recipients, *((message.sender,) if message.sender else ()))
        }
        return {row["email"]: row["contact_id"] for row in await self._fetch("people_of", sorted(emails))}

    async def cards(self, contact_ids: Iterable[UUID]) -> dict[UUID, Card]:
        """Name and addresses of persons as the mail now has them."""
        asked = list(contact_ids)
        if not asked:
            return {}
        emails: dict[UUID, list[str]] = {}
        for row in await self._fetch("addresses_of", asked):
            emails.setdefault(row["contact_id"], []).append(row["email"])
        names = await self._names([email for found in emails.values() for email in found])
        return {
            contact_id: Card(
                contact_id,
                display_name(
                    [seen for email in found for seen in names[email].own],
                    [seen for email in found for seen in names[email].others],
                    found[0],
                ),
                tuple(found),
            )
            for contact_id, found in emails.items()
        }

    async def insert_contacts(self, cards: Sequence[Card]) -> None:
        """Makes persons contacts."""
        if not cards:
            return
        await self._connection.copy_records_to_table(
            "contact",
            schema_name="crm",
            columns=("id", "owner_id", "name", "addresses"),
            records=[(card.id, self._owner_id, card.name, card.addresses) for card in cards],
        )

    async def insert_interactions(self, interactions: Sequence[Interaction]) -> None:
        """Records interactions; their contacts must exist."""
        if not interactions:
            return
        await self._connection.copy_records_to_table(
            "interaction",
            schema_name="crm",
            columns=("message_id", "contact_id", "owner_id", "direction", "occurred_at"),
            records=[
                (each.message_id, each.contact_id, self._owner_id, each.direction, each.occurred_at)
                for each in interactions
            ],
        )

    async def delete_interactions(self, interactions: Sequence[Interaction]) -> None:
        """Removes interactions that were none."""
        if interactions:
            await self._connection.execute(
                statement(_PACKAGE, "delete_interactions"),
                [each.message_id for each in interactions],
                [each.contact_id for each in interactions],
            )

    async def delete_lone_contacts(self, contact_ids: Collection[UUID]) -> list[UUID]:
        """Removes those of these contacts that have no interaction left, and returns them in order."""
        if not contact_ids:
            return []
        rows = await self._connection.fetch(statement(_PACKAGE, "delete_lone_contacts"), sorted(contact_ids))
        return sorted(row["id"] for row in rows)

    async def mark_extracted(self, resolutions: Sequence[Resolution]) -> None:
        """Notes that the people of messages were found, and what the messages are to the owner."""
        await self._connection.execute(
            statement(_PACKAGE, "mark_extracted"),
            [each.message_id for each in resolutions],
            [each.direction for each in resolutions],
            [each.is_bulk for each in resolutions],
        )

    async def stale_contacts(self, *, limit: int) -> list[Announced]:
        """Contacts whose addresses or names may have changed, as last announced."""
        rows = await self._fetch("stale_contacts", limit)
        return [Announced(Card(row["id"], row["name"], tuple(row["addresses"])), row["is_named"]) for row in rows]

    async def update_contacts(self, cards: Sequence[Card]) -> None:
        """Changes the addresses of contacts, and what mail calls them: their names, where none is known better."""
        for card in cards:
            await self._connection.execute(
                statement(_PACKAGE, "update_contact"), card.id, card.name, list(card.addresses)
            )

    async def freshen_contacts(self, contact_ids: Iterable[UUID]) -> None:
        """Notes that nothing about these contacts is left to announce."""
        await self._connection.execute(statement(_PACKAGE, "freshen_contacts"), list(contact_ids))

    async def unread_contacts(self, *, limit: int) -> list[UUID]:
        """Contacts whose mail is to be read for facts, in order."""
        return [row["id"] for row in await self._fetch("unread_contacts", limit)]

    async def mark_unread(self, contact_ids: Collection[UUID]) -> None:
        """Has the mail of these contacts read for facts again."""
        if contact_ids:
            await self._connection.execute(statement(_PACKAGE, "mark_unread"), sorted(contact_ids))

    async def mark_stale(self, contact_ids: Collection[UUID]) -> None:
        """Has these contacts looked at for another name or other addresses."""
        await self._connection.execute(statement(_PACKAGE, "mark_stale"), sorted(contact_ids))

    async def mark_read(self, contact_ids: Collection[UUID]) -> None:
        """Notes that the mail of these contacts was read for facts."""
        await self._connection.execute(statement(_PACKAGE, "mark_read"), sorted(contact_ids))

    async def _names(self, emails: Sequence[str]) -> dict[str, _Names]:
        names = {email: _Names() for email in emails}
        if not emails:
            return names
        for row in await self._fetch("names_of", emails):
            found = names[row["email"]]
            seen = SeenName(row["name"], row["seen_count"])
            (found.own if row["is_own"] else found.others).append(seen)
            if row["is_own"] and row["full_name"] is not None:
                found.full.add(row["full_name"])
        return names

    async def _fetch(self, name: str, *args: object) -> list[Row]:
        return await self._connection.fetch(statement(_PACKAGE, name), self._owner_id, *args)

    async def _execute(self, name: str, *args: object) -> None:
        await self._connection.execute(statement(_PACKAGE, name), self._owner_id, *args)
