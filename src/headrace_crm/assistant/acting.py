"""The tools that change something; there are none of them unless they were allowed."""

from typing import Annotated

from pydantic import Field

from headrace import Headrace, bind, uuid7
from headrace_crm.assistant.access import require_actor
from headrace_crm.assistant.reading import ReadingTools, Who
from headrace_crm.assistant.shapes import Done
from headrace_crm.enrichment.contact import lock_contact
from headrace_crm.enrichment.entering import enter_fields
from headrace_crm.enrichment.profile import Field as FieldName
from headrace_crm.scores.people import ContactNotFoundError, show_contact
from headrace_crm.search.events import ActionTaken


class ActingTools:
    """Does what a person asked their assistant for, in one transaction with `ai.action_taken`.

    `is_remote`: only those may act who came with the token of an operator.
    """

    def __init__(self, app: Headrace, reading: ReadingTools, *, is_remote: bool) -> None:
        self._app = app
        self._reading = reading
        self._is_remote = is_remote

    async def enter_fact(
        self,
        who: Who,
        field: Annotated[FieldName, Field(description="What is known.")],
        value: Annotated[
            str, Field(max_length=500, description="Its value; empty takes back what was entered before.")
        ],
    ) -> Done:
        require_actor(is_remote=self._is_remote)
        async with self._app.pool.acquire() as connection:
            owners = await self._reading.owner_ids(connection)
            person = (await show_contact(connection, who, owners)).person
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
