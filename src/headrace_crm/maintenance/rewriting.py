"""Takes a person out of messages that are stored."""

from collections.abc import Mapping
from typing import Final

from headrace import Transaction, statement
from headrace_crm.insights.forgetting import forget_words
from headrace_crm.mail.cutting_out import Forgotten, cut_out
from headrace_crm.mail.keeping_out import blank_mirrored
from headrace_crm.mail.model import ParsedMessage
from headrace_crm.mail.owners import Owner
from headrace_crm.mail.removing import remove_messages
from headrace_crm.mail.rewriting import read_whole, rewrite_messages
from headrace_crm.maintenance.erasure import Erasure
from headrace_crm.search.collecting import COLLECT_KIND, CollectPassages

_PACKAGE: Final = "headrace_crm.maintenance"


async def rewrite(tx: Transaction, owner: Owner, erasure: Erasure, due: Mapping[int, bool]) -> tuple[int, int]:
    """Removes or changes the messages of a locked owner; how many of each. `due` says which stand in their thread.

    What is changed is read into passages again, and its people are found again by `contact-extraction`.
    """
    written = await tx.fetch(statement(_PACKAGE, "ids_written"), owner.id, list(erasure.addresses))
    whom = Forgotten(
        frozenset(erasure.addresses).__contains__,
        frozenset(erasure.names),
        frozenset(row["message_id"] for row in written),
    )
    removed: list[str] = []
    changed: dict[int, tuple[ParsedMessage, ParsedMessage]] = {}
    for message_id, message in (await read_whole(tx.connection, owner, list(due))).items():
        left = cut_out(message, whom, owners=owner.addresses, is_in_their_thread=due[message_id])
        if left is None:
            removed.append(message.message_key)
        elif left is not message:
            changed[message_id] = message, left
    if removed:
        await remove_messages(tx, owner, sorted(removed))
        await blank_mirrored(tx.connection, owner, removed)
    if changed:
        await rewrite_messages(tx.connection, owner, changed, dropped=erasure.addresses)
        await tx.execute(statement(_PACKAGE, "drop_passages"), sorted(changed))
        await forget_words(tx, owner.id, changed)
        await tx.enqueue(COLLECT_KIND, CollectPassages(message_ids=tuple(sorted(changed))))
    return len(removed), len(changed)
