"""Whatever is done to people in whatever order, everybody is one contact and all that is told of them agrees."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import count
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fix_crm import lend, until
from headrace import Headrace, uuid7
from headrace.testing import VirtualClock, drain, opened
from headrace_crm.app import create_app
from headrace_crm.contacts.events import contact_stream
from headrace_crm.contacts.joining import JoiningError
from headrace_crm.contacts.tags import tag_contact, tags_of, untag_contact
from headrace_crm.enrichment.contact import lock_contact
from headrace_crm.enrichment.entering import enter_fields
from headrace_crm.enrichment.reading import read_profile
from headrace_crm.enrichment.uniting import divide, unite
from headrace_crm.mail.importing import begin_extraction
from headrace_crm.mail.model import ParsedMessage
from headrace_crm.mail.owners import lock_owner, set_as_of
from headrace_crm.mail.parse import parse_message
from headrace_crm.mail.read_message import ReadMessage
from headrace_crm.mail.storing import store_messages
from headrace_crm.scores.directory import page_contacts
from headrace_crm.scores.people import list_contacts, show_contact
from headrace_crm.scores.score import score
from headrace_crm.scores.store import list_interactions
from headrace_crm.stats.recount import Recount

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PEOPLE = (
    ("ines@press.example", "Ines Vidal"),
    ("iv@post.example", "Ines Vidal"),
    ("ines.vidal@ode.example", "Ines Vidal"),
    ("otto@lind.example", "Otto Lind"),
    ("o.lind@attic.example", "Otto Lind"),
)
PHONE = "Tel: +44 1223 706200"


@dataclass(frozen=True)
class Letter:
    """A message with the owner; one that answers stands in the newest thread of another person."""

    who: int
    is_sent: bool
    is_signed: bool
    answers: int | None
    names: int | None


@dataclass(frozen=True)
class Merge:
    who: int
    other: int
    is_undone: bool


@dataclass(frozen=True)
class Split:
    who: int


@dataclass(frozen=True)
class Edit:
    who: int
    name: str


@dataclass(frozen=True)
class Tag:
    who: int
    tag: str
    is_put: bool


someone = st.integers(0, len(PEOPLE) - 1)
letters = st.builds(Letter, someone, st.booleans(), st.booleans(), st.none() | someone, st.none() | someone)
steps = st.lists(
    letters
    | st.builds(Merge, someone, someone, st.booleans())
    | st.builds(Split, someone)
    | st.builds(Edit, someone, st.sampled_from(["Aunt", "Mill Owner", ""]))
    | st.builds(Tag, someone, st.sampled_from(["vip", "board"]), st.booleans()),
    min_size=3,
    max_size=9,
)


class World:
    """One owner, whose people are as the steps made them."""

    def __init__(self, app: Headrace, owner_id: UUID, number: int) -> None:
        self.app = app
        self.owner_id = owner_id
        self.address = f"me{number}@owner.example"
        self._newest: dict[int, str] = {}
        self._numbers = count(1)

    @classmethod
    async def begin(cls, app: Headrace, number: int) -> "World":
        world = cls(app, uuid7(), number)
        async with app.transaction() as tx:
            await tx.execute("INSERT INTO crm.owner (id) VALUES ($1)", world.owner_id)
            await tx.execute(
                "INSERT INTO crm.owner_address (owner_id, email) VALUES ($1, $2)", world.owner_id, world.address
            )
            await set_as_of(tx.connection, world.owner_id, NOW)
        return world

    async def settle(self) -> None:
        await drain(self.app, until=timedelta(minutes=2))

    async def take(self, step: object) -> None:
        match step:
            case Letter():
                await self._store(step)
            case Merge():
                await self._merge(step)
            case Split(who):
                if contact_id := await self._contact(who):
                    with suppress(JoiningError):
                        async with self.app.transaction() as tx:
                            await divide(tx, self.owner_id, contact_id, [PEOPLE[who][0]], now=NOW)
            case Edit(who, name):
                if contact_id := await self._contact(who):
                    async with self.app.transaction() as tx:
                        await enter_fields(tx, await lock_contact(tx.connection, contact_id), {"name": name}, now=NOW)
            case Tag(who, tag, is_put):
                if contact_id := await self._contact(who):
                    async with self.app.transaction() as tx:
                        await lock_owner(tx.connection, self.owner_id)
                        if is_put:
                            await tag_contact(tx, self.owner_id, contact_id, [tag], now=NOW)
                        else:
                            await untag_contact(tx, self.owner_id, contact_id, [tag])
            case _:
                raise AssertionError(step)

    async def _store(self, step: Letter) -> None:
        number = next(self._numbers)
        email, name = PEOPLE[step.who]
        message = EmailMessage()
        message["From"], message["To"] = f"{name} <{email}>", self.address
        if step.is_sent:
            del message["From"], message["To"]
            message["From"], message["To"] = self.address, f"{name} <{email}>"
        message["Date"] = NOW - timedelta(days=60 - number)
        message["Message-ID"] = f"<{number}.{self.owner_id}>"
        message["Subject"] = f"Mill {number}"
        if step.answers in self._newest:
            message["In-Reply-To"] = self._newest[step.answers]
        lines = ["The mill turns.", "", "-- ", name, *((PHONE,) if step.is_signed else ())]
        message.set_content("\n".join([*lines, *(() if step.names is None else (PEOPLE[step.names][0],)), ""]))
        self._newest[step.who] = message["Message-ID"]
        parsed = parse_message(message.as_bytes(), now=NOW)
        assert isinstance(parsed, ParsedMessage)
        async with self.app.transaction() as tx:
            owner = await lock_owner(tx.connection, self.owner_id)
            read = [ReadMessage(parsed.message_key, message.as_bytes(), parsed)]
            await store_messages(tx, owner, read, import_id=None, source="test")
            await begin_extraction(tx, self.owner_id)

    async def _merge(self, step: Merge) -> None:
        kept, merged = await self._contact(step.who), await self._contact(step.other)
        if kept is None or merged is None or kept == merged:
            return
        if step.is_undone:
            await self.settle()
            kept, merged = await self._contact(step.who), await self._contact(step.other)
            if kept is None or merged is None or kept == merged:
                return
        before = await self.told()
        async with lend(self.app) as connection:
            brought = (await show_contact(connection, PEOPLE[step.other][0], self.owner_id)).person.addresses
        async with self.app.transaction() as tx:
            await unite(tx, self.owner_id, kept, merged, now=NOW)
        if not step.is_undone:
            return
        await self.settle()
        joined = await self.told()
        async with self.app.transaction() as tx:
            await divide(tx, self.owner_id, kept, brought, now=NOW)
        await self.settle()
        # Somebody who was tied to both could join neither before; together they are one they can join.
        if len(joined) == len(before) - 1:
            assert await self.told() == before

    async def _contact(self, who: int) -> UUID | None:
        async with lend(self.app) as connection:
            return await connection.fetchval(
                "SELECT contact.id FROM crm.contact JOIN crm.contact_address AS whose ON whose.contact_id = contact.id"
                " WHERE whose.owner_id = $1 AND whose.email = $2",
                self.owner_id,
                PEOPLE[who][0],
            )

    async def told(self) -> dict[tuple[str, ...], object]:
        """What is told of everybody, by their addresses, without ids and tags."""
        found: dict[tuple[str, ...], object] = {}
        async with lend(self.app) as connection:
            for person in await list_contacts(connection, self.owner_id, limit=99):
                profile = await read_profile(connection, person.id)
                fields = [(each.field, each.value, each.source, each.confidence) for each in profile.fields]
                dealt = await list_interactions(connection, person.id)
                figures = (person.sent, person.received, person.strength, person.trend, person.first_interaction_at)
                found[tuple(sorted(person.addresses))] = (person.name, fields, dealt, figures)
        return found

    async def check(self) -> None:
        """Everybody is one contact, no row is left over, and lists, profile, stats, scores and days agree."""
        async with lend(self.app) as connection:
            people = await list_contacts(connection, self.owner_id, limit=99)
            page = await page_contacts(connection, self.owner_id)
            whose = await connection.fetch(
                "SELECT contact_id, array_agg(email ORDER BY email) AS emails FROM crm.contact_address"
                " WHERE owner_id = $1 GROUP BY contact_id",
                self.owner_id,
            )
            rest = await connection.fetchrow(LEFT_OVER, self.owner_id)
            assert dict(rest) == dict.fromkeys(rest.keys(), 0)
            assert {each.id: sorted(each.addresses) for each in people} == {
                row["contact_id"]: row["emails"] for row in whose
            }
            assert list(page.people) == people
            tags = await tags_of(connection, [each.id for each in people])
            for each in people:
                await self._check(connection, each, tags.get(each.id, ()))
            days = await connection.fetch(
                "SELECT day, interactions FROM crm.user_activity WHERE owner_id = $1 AND interactions <> 0 ORDER BY 1",
                self.owner_id,
            )
            counted = await connection.fetch(
                "SELECT (occurred_at AT TIME ZONE 'UTC')::date, count(*) FROM crm.interaction WHERE owner_id = $1"
                " GROUP BY 1 ORDER BY 1",
                self.owner_id,
            )
            met = await connection.fetchval(
                "SELECT coalesce(sum(contacts), 0) FROM crm.user_activity WHERE owner_id = $1", self.owner_id
            )
        assert ([tuple(row) for row in days], met) == ([tuple(row) for row in counted], len(people))

    async def _check(self, connection, person, tags: Sequence[str]) -> None:
        recount = Recount()
        async for event in self.app.read(stream=contact_stream(person.id)):
            recount.add([event])
        assert (person.sent, person.received) == (len(recount.sent), len(recount.received))
        assert (person.first_interaction_at, person.last_interaction_at) == (recount.first_at, recount.last_at)
        dealt = await list_interactions(connection, person.id)
        anew = score(dealt, now=person.as_of)
        assert (person.strength, person.trend, len(dealt)) == (anew.strength, anew.trend, person.sent + person.received)
        named = {each.field: each.value for each in (await read_profile(connection, person.id)).fields}.get("name")
        mail = await connection.fetchval("SELECT coalesce(mail_name, name) FROM crm.contact WHERE id = $1", person.id)
        assert person.name == (named or mail)
        for address in person.addresses:
            assert (await show_contact(connection, address, self.owner_id)).person == person
        for tag in tags:
            assert person in await list_contacts(connection, self.owner_id, tag=tag)


LEFT_OVER = """
SELECT
    (SELECT count(*) FROM crm.contact WHERE owner_id = $1 AND (is_stale OR is_unread OR is_unmatched)) AS unfinished,
    (SELECT count(*) FROM crm.message WHERE owner_id = $1 AND extracted_at IS NULL) AS unresolved,
    (SELECT count(*) FROM crm.contact WHERE owner_id = $1
     AND id NOT IN (SELECT contact_id FROM crm.interaction)) AS strangers,
    (SELECT count(*) FROM crm.contact_stats WHERE owner_id = $1 AND sent + received = 0) AS empty_stats,
    (SELECT count(*) FROM crm.address WHERE owner_id = $1 AND standing = 'person'
     AND email NOT IN (SELECT email FROM crm.contact_address WHERE owner_id = $1)) AS homeless,
    (SELECT count(*) FROM crm.address_decision AS said JOIN crm.contact_address AS whose USING (owner_id, email)
     WHERE said.owner_id = $1 AND said.person_id <> whose.contact_id) AS disobeyed,
    (SELECT count(*) FROM crm.passage LEFT JOIN crm.contact ON contact.id = passage.contact_id
     WHERE passage.owner_id = $1 AND passage.kind = 'contact' AND contact.id IS NULL) AS passages,
    (SELECT count(*) FROM crm.passage JOIN crm.contact ON contact.id = passage.contact_id
     WHERE passage.owner_id = $1 AND passage.title <> contact.name) AS misnamed
"""


async def live(app: Headrace, number: int, first: Sequence[Letter], then: Sequence[object]) -> None:
    world = await World.begin(app, number)
    for letter in first:
        await world.take(letter)
    await world.settle()
    # What follows from a step is done or not when the next one comes.
    for step in then:
        await world.take(step)
    await world.settle()
    await world.check()


async def rebuilt_alike(app: Headrace) -> bool:
    query = "SELECT * FROM crm.user_activity WHERE emails <> 0 OR contacts <> 0 OR interactions <> 0 ORDER BY 1, 2"
    async with lend(app) as connection:
        before = await connection.fetch(query)
        await app.projections.rebuild("user_activity")
        async with app.process():

            async def is_swapped() -> bool:
                return not await connection.fetchval(
                    "SELECT EXISTS (SELECT FROM headrace.projection_build WHERE state = 'building')"
                )

            await until(is_swapped)
        return bool(before) and await connection.fetch(query) == before


def test_any_sequence_of_mail_and_a_users_words_leaves_everybody_one_contact_and_all_figures_right(database: str):
    numbers = count()
    with asyncio.Runner() as runner:
        opening = opened(create_app, database, clock=VirtualClock(NOW))
        app = runner.run(opening.__aenter__())

        @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
        @given(first=st.lists(letters, min_size=3, max_size=5), then=steps)
        def check(first: list[Letter], then: list[object]) -> None:
            runner.run(live(app, next(numbers), first, then))

        try:
            check()
            assert runner.run(rebuilt_alike(app))
        finally:
            runner.run(opening.__aexit__(None, None, None))
