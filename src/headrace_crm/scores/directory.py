"""An owner's people page by page, and one of them: in the same time however many there are."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from headrace import Connection, statement
from headrace_crm.mail.charset import clean_text
from headrace_crm.scores.people import Person, PersonDetail, people_at, read_person, recent_messages

_PACKAGE: Final = "headrace_crm.scores"
_MOST_WALKED: Final = 5_000
_NIL: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: behind the contact of this strength and id."""

    strength: float = math.inf
    contact_id: UUID = _NIL

    def __str__(self) -> str:
        return f"{self.strength!r}~{self.contact_id}"

    @classmethod
    def read(cls, text: str) -> Self:
        """The place that `str` made a text of; the beginning for any other text.

        >>> Place.read(str(Place(12.5, UUID(int=7)))) == Place(12.5, UUID(int=7)), Place.read("nan~") == Place()
        (True, True)
        """
        strength, _, contact_id = text.partition("~")
        try:
            place = cls(float(strength), UUID(contact_id))
        except ValueError:
            return cls()
        return cls() if math.isnan(place.strength) else place


@dataclass(frozen=True, slots=True)
class ContactPage:
    """People in order, `following` for the next page, None at the end.

    `is_cut` where the walk ended for its length: the next page looks further, and this one may be empty.
    """

    people: tuple[Person, ...]
    following: Place | None
    is_cut: bool
    walked_count: int


async def page_contacts(
    connection: Connection,
    owner_id: UUID,
    *,
    text: str = "",
    tag: str | None = None,
    after: Place | None = None,
    limit: int = 50,
) -> ContactPage:
    """An owner's people who have a score, strongest first, from `after` on.

    With `text` those who have it in their name or an address, in upper case or lower; 5,000 are looked at for a page.
    With `tag` those who have it; it is in lower case.
    """
    wanted, place = clean_text(text).strip(), after or Place()
    most = _MOST_WALKED if wanted else limit + 1
    rows = await connection.fetch(
        statement(_PACKAGE, "page_people"), owner_id, place.strength, place.contact_id, wanted, most, limit + 1, tag
    )
    if not rows:
        return ContactPage((), None, is_cut=False, walked_count=0)
    people = [read_person(row) for row in rows if row["id"] is not None]
    kept, walked = tuple(people[:limit]), rows[0]["walked_count"]
    if len(people) > limit:
        return ContactPage(kept, Place(kept[-1].strength or 0.0, kept[-1].id), is_cut=False, walked_count=walked)
    is_cut = bool(wanted) and walked == most
    following = Place(rows[0]["end_strength"], rows[0]["end_id"]) if is_cut else None
    return ContactPage(kept, following, is_cut=is_cut, walked_count=walked)


async def read_contact(connection: Connection, contact_id: UUID, *, at: datetime | None = None) -> PersonDetail | None:
    """One contact with its newest messages; None where there is none of this id.

    With `at` counts and score are computed for that moment, and messages after it are left out.
    """
    row = await connection.fetchrow(statement(_PACKAGE, "read_person"), contact_id)
    if row is None:
        return None
    person = read_person(row)
    if at is not None:
        (person,) = await people_at(connection, [person], at)
    return PersonDetail(person, await recent_messages(connection, contact_id, until=at))


async def has_contacts(connection: Connection, owner_id: UUID) -> bool:
    """Whether an owner has any people, scored or not yet."""
    return await connection.fetchval(statement(_PACKAGE, "has_people"), owner_id)
