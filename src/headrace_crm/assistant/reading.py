"""The tools that read: search, ask, contact, timeline, insights, activity."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from headrace import Connection, Headrace
from headrace_crm.activity.summary import MOST_DAYS, user_activity
from headrace_crm.assistant.answering import (
    activity_of,
    answer_of,
    card_of,
    found_of,
    list_of,
    suggestion_of,
    timeline_of,
)
from headrace_crm.assistant.quoting import TEXT_CHARS
from headrace_crm.assistant.shapes import (
    ActivitySummary,
    Answered,
    ContactCard,
    FoundItems,
    ListedContacts,
    Suggestions,
    Timeline,
)
from headrace_crm.assistant.timeline import read_timeline
from headrace_crm.contacts.tags import asked_tag, tags_of
from headrace_crm.enrichment.reading import read_profile
from headrace_crm.insights import Kind, State, list_insights
from headrace_crm.mail.owners import OwnerError, find_owners, list_mailboxes, owner_as_of
from headrace_crm.scores.people import list_contacts, show_contact
from headrace_crm.search.desk import Desk, Question
from headrace_crm.search.searching import all_owners

MOST_FOUND: Final = 50
_LONGEST_TEXT: Final = 1_000
_LAST_MESSAGE_ID: Final = 2**63 - 1
_MOST_MAILBOXES: Final = 1_000

Text = Annotated[str, Field(min_length=1, max_length=_LONGEST_TEXT)]
Who = Annotated[
    str, Field(min_length=1, max_length=320, description="An e-mail address, a name, or a part of one; one person.")
]
Limit = Annotated[int, Field(ge=1, le=MOST_FOUND, description="At most so many.")]


class ReadingTools:
    """Reads the mail of some owners, all of them where no address is given, and tells of each call by an event."""

    def __init__(self, app: Headrace, desk: Desk, owners: Sequence[str]) -> None:
        self._app = app
        self._desk = desk
        self._owners = tuple(owners)

    async def search(
        self,
        query: Annotated[Text, Field(description="Words, or a sentence; found by words and by meaning.")],
        *,
        with_person: Annotated[Who | None, Field(description="Only mail with this person.")] = None,
        since: Annotated[date | None, Field(description="Not before this day (UTC), like 2026-03-01.")] = None,
        until: Annotated[date | None, Field(description="Not after this day (UTC).")] = None,
        kinds: Annotated[
            list[Literal["message", "contact"]], Field(min_length=1, max_length=2, description="What to look for.")
        ] = ["message", "contact"],  # noqa: B006 - read only, and a schema needs the value
        limit: Limit = 10,
    ) -> FoundItems:
        found = await self._desk.search(
            Question(
                text=query,
                owners=self._owners,
                person=with_person,
                since=_begin(since),
                before=None if until is None else _end(until),
                kinds=tuple(dict.fromkeys(kinds)),
                limit=limit,
            )
        )
        return found_of(found)

    async def ask(
        self, question: Annotated[Text, Field(description="A question in English; times and people in it count.")]
    ) -> Answered:
        return answer_of(await self._desk.ask(Question(text=question, owners=self._owners)))

    async def contact(self, who: Who) -> ContactCard:
        async with self._app.pool.acquire() as connection:
            owners = await self.owner_ids(connection)
            person = (await show_contact(connection, who, owners)).person
            profile = await read_profile(connection, person.id)
            tags = (await tags_of(connection, [person.id])).get(person.id, ())
        await self._tell("contact", who, [person.owner_id], 1)
        return card_of(person, profile, tags)

    async def contacts(
        self,
        tag: Annotated[
            str | None, Field(max_length=320, description="Only those the owner put this tag on; case does not count.")
        ] = None,
        limit: Limit = 20,
    ) -> ListedContacts:
        wanted = None if tag is None else asked_tag(tag)
        async with self._app.pool.acquire() as connection:
            owners = await self.owner_ids(connection)
            people = await list_contacts(connection, owners, limit=limit, tag=wanted)
            tags = await tags_of(connection, [person.id for person in people])
        await self._tell("contacts", wanted or "", owners, len(people))
        return list_of(people, tags)

    async def timeline(
        self,
        who: Who,
        limit: Limit = 20,
        before_message_id: Annotated[
            int | None,
            Field(ge=1, le=_LAST_MESSAGE_ID, description="next_before_message_id of the page before, for older ones."),
        ] = None,
    ) -> Timeline:
        async with self._app.pool.acquire() as connection:
            owners = await self.owner_ids(connection)
            person = (await show_contact(connection, who, owners)).person
            # One more than asked for tells whether there is another page.
            messages = await read_timeline(
                connection, person.id, before=before_message_id, limit=limit + 1, text_chars=TEXT_CHARS + 1
            )
        shown = messages[:limit]
        await self._tell("timeline", who, [person.owner_id], len(shown))
        return timeline_of(person, shown, is_more=len(messages) > limit)

    async def insights(
        self,
        about_person: Annotated[Who | None, Field(description="Only what is worth doing about this person.")] = None,
        *,
        kinds: Annotated[list[Kind] | None, Field(max_length=20, description="Only of these kinds.")] = None,
        state: Annotated[State, Field(description="open: to be done. The others: answered so, or over.")] = "open",
        limit: Limit = 20,
    ) -> Suggestions:
        async with self._app.pool.acquire() as connection:
            owners, contact_id = await self.owner_ids(connection), None
            if about_person is not None:
                person = (await show_contact(connection, about_person, owners)).person
                owners, contact_id = [person.owner_id], person.id
            found = [
                each
                for owner_id in owners
                for each in await list_insights(
                    connection, owner_id, states=[state], kinds=kinds, contact_id=contact_id, limit=limit
                )
            ]
        shown = sorted(found, key=lambda each: -each.rank)[:limit]
        await self._tell("insights", about_person or state, owners, len(shown))
        return Suggestions(items=[suggestion_of(each) for each in shown])

    async def activity(
        self,
        days: Annotated[int, Field(ge=1, le=MOST_DAYS, description="So many days, up to the owner's now.")] = 30,
        owner: Annotated[
            str | None,
            Field(max_length=320, description="An address of the owner; needed where there are several owners."),
        ] = None,
    ) -> ActivitySummary:
        async with self._app.pool.acquire() as connection:
            owner_id = await self._one_owner(connection, owner)
            moment = await owner_as_of(connection, owner_id, now=self._app.clock.now())
            found = await user_activity(connection, owner_id, days=days, as_of=moment)
        await self._tell("activity", f"{days} days", [owner_id], found.total_interactions)
        return activity_of(found)

    async def owner_ids(self, connection: Connection) -> list[UUID]:
        """Whose mail may be read. Raises OwnerError for an address nobody has."""
        return await find_owners(connection, self._owners) if self._owners else await all_owners(connection)

    async def _one_owner(self, connection: Connection, address: str | None) -> UUID:
        allowed = await self.owner_ids(connection)
        if address is not None:
            found = [owner for owner in await find_owners(connection, [address]) if owner in allowed]
            if not found:
                raise OwnerError(f"the mail of {address!r} is not open to this server; leave owner out for one that is")
            return found[0]
        if len(allowed) == 1:
            return allowed[0]
        if not allowed:
            raise OwnerError("no mail was imported; `crm import` a mailbox or link an account first")
        mailboxes = await list_mailboxes(connection, limit=_MOST_MAILBOXES)
        known = sorted(min(each.addresses) for each in mailboxes if each.id in allowed and each.addresses)
        raise OwnerError(f"there are {len(allowed)} owners; name one with owner: {', '.join(known[:20])}")

    async def _tell(self, tool: str, text: str, owner_ids: Sequence[UUID], found_count: int) -> None:
        await self._desk.record(tool, text, owner_ids, answered_by="database", found_count=found_count)


def _begin(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


def _end(day: date) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(days=1)
