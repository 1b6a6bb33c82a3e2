"""An owner's people as they are shown: name, addresses, stats and score together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from headrace import Connection, Row, statement
from headrace_crm.errors import CrmError
from headrace_crm.mail.owners import AsOf, moment_of
from headrace_crm.scores.model import Interaction, Score, Trend
from headrace_crm.scores.score import score
from headrace_crm.scores.store import read_interaction

_PACKAGE: Final = "headrace_crm.scores"
_RECENT_MESSAGES: Final = 20
_CONTACTS_AT_A_TIME: Final = 200


class ContactNotFoundError(CrmError):
    """Nobody is called so; the message says what was looked for."""


class AmbiguousContactError(CrmError):
    """Several people fit; `people` are they, strongest first."""

    def __init__(self, text: str, people: "Sequence[Person]") -> None:
        listed = ", ".join(f"{person.name} <{person.addresses[0]}>" for person in people)
        super().__init__(f"{len(people)} people fit {text!r}: {listed}; give one of their addresses")
        self.people = people


@dataclass(frozen=True, slots=True)
class Person:
    """A contact with its score.

    `sent` and `received` count the owner's messages to them and theirs to the owner. The score's fields are
    those of `Score`, taken at `as_of`; all None until it has been computed.
    """

    id: UUID
    owner_id: UUID
    name: str
    addresses: tuple[str, ...]
    sent: int
    received: int
    first_interaction_at: datetime | None
    last_interaction_at: datetime | None
    strength: float | None
    trend: Trend | None
    trend_value: float | None
    reciprocity: float | None
    median_response: timedelta | None
    their_median_response: timedelta | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class RecentMessage:
    """One message dealt in with a contact; `labels` by their names."""

    message_id: int
    sent_at: datetime
    direction: str
    subject: str
    thread_id: int
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonDetail:
    """A contact with its newest messages, the newest first."""

    person: Person
    messages: tuple[RecentMessage, ...]


async def list_contacts(
    connection: Connection,
    owner_ids: Collection[UUID] | UUID | None = None,
    *,
    limit: int = 20,
    as_of: AsOf | None = None,
    tag: str | None = None,
) -> list[Person]:
    """The people of these owners (of all, for None), those with a tag where one is given, strongest first.

    With `as_of` scores and counts are computed for that moment, and those without an interaction until
    then are left out; without it they are as stored.
    """
    owners = [owner_ids] if isinstance(owner_ids, UUID) else None if owner_ids is None else sorted(owner_ids)
    if as_of is None:
        rows = await connection.fetch(statement(_PACKAGE, "list_people"), owners, limit, tag)
        return [read_person(row) for row in rows]
    people = [read_person(row) for row in await connection.fetch(statement(_PACKAGE, "list_people"), owners, None, tag)]
    found = [each for each in await people_at(connection, people, as_of) if each.sent + each.received]
    found.sort(key=lambda each: (-(each.strength or 0.0), each.name, each.id))
    return found[:limit]


async def show_contact(
    connection: Connection,
    text: str,
    owner_ids: Collection[UUID] | UUID | None = None,
    *,
    as_of: AsOf | None = None,
) -> PersonDetail:
    """The one contact with this address, this name, or a name or address that has this in it.

    The first of these three that anybody fits counts. Raises ContactNotFoundError for nobody,
    AmbiguousContactError for several.
    """
    owners = [owner_ids] if isinstance(owner_ids, UUID) else None if owner_ids is None else sorted(owner_ids)
    wanted = text.strip()
    rows = await connection.fetch(statement(_PACKAGE, "find_people"), owners, wanted) if wanted else []
    best = min((row["closeness"] for row in rows), default=None)
    people = [read_person(row) for row in rows if row["closeness"] == best]
    if not people:
        raise ContactNotFoundError(f"nobody is called {text!r}; `crm contacts` lists everybody")
    if len(people) > 1:
        raise AmbiguousContactError(text, people)
    if as_of is not None:
        people = await people_at(connection, people, as_of)
    return PersonDetail(people[0], await recent_messages(connection, people[0].id))


async def recent_messages(
    connection: Connection, contact_id: UUID, *, until: datetime | None = None
) -> tuple[RecentMessage, ...]:
    """The newest messages dealt in with a contact up to a moment, 20 at most, the newest first."""
    rows = await connection.fetch(statement(_PACKAGE, "recent_messages"), contact_id, _RECENT_MESSAGES, until)
    return tuple(
        RecentMessage(
            row["id"], row["sent_at"], row["direction"], row["subject"], row["thread_id"], tuple(row["labels"])
        )
        for row in rows
    )


async def people_at(connection: Connection, people: Sequence[Person], as_of: AsOf) -> list[Person]:
    """The same people with counts and scores computed for that moment, of what is known today."""
    now = datetime.now(UTC)
    moments = {
        owner: await moment_of(connection, owner, as_of, now=now) for owner in {each.owner_id for each in people}
    }
    found: list[Person] = []
    for begin in range(0, len(people), _CONTACTS_AT_A_TIME):
        group = people[begin : begin + _CONTACTS_AT_A_TIME]
        interactions: dict[UUID, list[Interaction]] = {each.id: [] for each in group}
        for row in await connection.fetch(statement(_PACKAGE, "list_interactions_of"), sorted(interactions)):
            interactions[row["contact_id"]].append(read_interaction(row))
        found += [_rescored(each, interactions[each.id], moments[each.owner_id]) for each in group]
    return found


def _rescored(person: Person, interactions: Sequence[Interaction], now: datetime) -> Person:
    found: Score = score(interactions, now=now)
    seen = [each.sent_at for each in interactions if each.sent_at <= now]
    return Person(
        id=person.id,
        owner_id=person.owner_id,
        name=person.name,
        addresses=person.addresses,
        sent=found.sent,
        received=found.received,
        first_interaction_at=min(seen, default=None),
        last_interaction_at=found.last_interaction_at,
        strength=found.strength,
        trend=found.trend,
        trend_value=found.trend_value,
        reciprocity=found.reciprocity,
        median_response=found.median_response,
        their_median_response=found.their_median_response,
        as_of=found.computed_at,
    )


def read_person(row: Row) -> Person:
    """A contact of a row with its stats and score."""
    return Person(
        id=row["id"],
        owner_id=row["owner_id"],
        name=row["name"],
        addresses=tuple(row["addresses"]),
        sent=row["sent"],
        received=row["received"],
        first_interaction_at=row["first_at"],
        last_interaction_at=row["last_at"],
        strength=row["strength"],
        trend=row["trend"],
        trend_value=row["trend_value"],
        reciprocity=row["reciprocity"],
        median_response=row["median_response"],
        their_median_response=row["their_median_response"],
        as_of=row["as_of"],
    )
