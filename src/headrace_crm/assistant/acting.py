"""The tools that change something; there are none of them unless they were allowed."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from pydantic import Field

from headrace import Headrace, bind, uuid7
from headrace_crm.assistant.access import require_actor
from headrace_crm.assistant.answering import suggestion_of
from headrace_crm.assistant.reading import ReadingTools, Who
from headrace_crm.assistant.shapes import Answer, Done
from headrace_crm.contacts.tags import TagError, read_tags, tag_contact, untag_contact
from headrace_crm.enrichment.contact import lock_contact
from headrace_crm.enrichment.entering import enter_fields
from headrace_crm.enrichment.profile import Field as FieldName
from headrace_crm.insights import Insight, InsightNotFoundError, accept, dismiss, read_insight
from headrace_crm.mail.owners import lock_owner
from headrace_crm.scores.people import ContactNotFoundError, Person, show_contact
from headrace_crm.search.events import ActionTaken

InsightId = Annotated[UUID, Field(description="insight_id of an answer of the tool insights.")]


class ActingTools:
    """Does what a person asked their assistant for, in one transaction with `ai.action_taken`.

    `is_remote`: only those may act who came with the token of an operator.
    """

    def __init__(self, app: Headrace, reading: ReadingTools, *, is_remote: bool) -> None:
        self._app = app
        self._reading = reading
        self._is_remote = is_remote

    async def accept_insight(self, insight_id: InsightId) -> Answer:
        return await self._answer(insight_id, accept)

    async def dismiss_insight(self, insight_id: InsightId) -> Answer:
        return await self._answer(insight_id, dismiss)

    async def _answer(self, insight_id: UUID, answer: Callable[..., Awaitable[Insight]]) -> Answer:
        require_actor(is_remote=self._is_remote)
        async with self._app.transaction() as tx:
            before = await read_insight(tx.connection, insight_id)
            if before.owner_id not in await self._reading.owner_ids(tx.connection):
                # To those who may not read an owner's mail there is no such insight.
                raise InsightNotFoundError(insight_id)
            after = await answer(tx, insight_id, now=self._app.clock.now(), channel="mcp")
        return Answer(insight=suggestion_of(after), is_changed=after.state != before.state)

    async def enter_fact(
        self,
        who: Who,
        field: Annotated[FieldName, Field(description="What is known.")],
        value: Annotated[
            str, Field(max_length=500, description="Its value; empty takes back what was entered before.")
        ],
    ) -> Done:
        require_actor(is_remote=self._is_remote)
        person = await self._person(who)
        with bind(user_id=str(person.owner_id)):
            async with self._app.transaction() as tx:
                contact = await lock_contact(tx.connection, person.id)
                if contact is None:
                    raise ContactNotFoundError(f"{who!r} is gone; search for somebody else")
                is_changed = await enter_fields(tx, contact, {field: value}, now=self._app.clock.now())
                await tx.append(
                    ActionTaken(
                        uuid7(), person.owner_id, f"fact.entered:{field}", subject_id=str(person.id), channel="mcp"
                    )
                )
        return Done(action="fact.entered", contact_id=person.id, is_changed=is_changed)

    async def tag_contact(
        self,
        who: Who,
        add: Annotated[list[str] | None, Field(max_length=20, description="Tags to put on them.")] = None,
        remove: Annotated[list[str] | None, Field(max_length=20, description="Tags to take from them.")] = None,
    ) -> Done:
        require_actor(is_remote=self._is_remote)
        put, taken = read_tags(add or ()), read_tags(remove or ())
        if not put and not taken:
            raise TagError("nothing to put and nothing to take; give tags with add or remove")
        person = await self._person(who)
        with bind(user_id=str(person.owner_id)):
            async with self._app.transaction() as tx:
                await lock_owner(tx.connection, person.owner_id)
                count = await tag_contact(tx, person.owner_id, person.id, put, now=self._app.clock.now())
                count += await untag_contact(tx, person.owner_id, person.id, taken)
                # The tags themselves may tell something of the person, and the log forgets nothing.
                action = ActionTaken(
                    uuid7(), person.owner_id, "contact.tagged", subject_id=str(person.id), channel="mcp"
                )
                await tx.append(action)
        return Done(action="contact.tagged", contact_id=person.id, is_changed=count > 0)

    async def _person(self, who: str) -> Person:
        async with self._app.pool.acquire() as connection:
            owners = await self._reading.owner_ids(connection)
            return (await show_contact(connection, who, owners)).person
