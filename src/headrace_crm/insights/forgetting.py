"""Words of messages that are changed, because somebody is to be forgotten, go from insights too."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from headrace import Transaction, statement
from headrace_crm.insights.jobs import look_again
from headrace_crm.insights.judging.store import forget_judgements

_PACKAGE: Final = "headrace_crm.insights"


async def forget_words(tx: Transaction, owner_id: UUID, message_ids: Collection[int]) -> int:
    """Takes the words off an owner's insights that rest on these messages; how many people they were about.

    Rules look at these people again: what still holds gets the words that the messages have by then. What a language
    model said on the strength of these messages is dropped. Insights about a
    contact that is removed go with it, and so do those that name it as the second person.
    """
    rows = await tx.fetch(statement(_PACKAGE, "forget_words"), owner_id, sorted(message_ids))
    await forget_judgements(tx.connection, owner_id, message_ids)
    people = {row["contact_id"] for row in rows}
    if people:
        await look_again(tx, owner_id, people)
    return len(people)
