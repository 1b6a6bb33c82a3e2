"""Removes messages that are gone from where they came from, with what they said of addresses.

What was recorded of them is taken back by the next `contact-extraction`, which resolves a removed message to
nobody, and then deletes its row: see docs/adr/0027-a-message-that-goes-is-resolved-to-nobody.md.
"""

from collections.abc import Sequence
from typing import Final

from headrace import Row, Transaction, statement
from headrace_crm.mail.events import EmailRemoved
from headrace_crm.mail.owners import Owner
from headrace_crm.mail.store import note_addresses, restore_message

_PACKAGE: Final = "headrace_crm.mail"


async def remove_messages(tx: Transaction, owner: Owner, keys: Sequence[str]) -> int:
    """Removes the owner's messages of these keys, which must be locked; how many there were."""
    if not keys:
        return 0
    unparsed = await tx.fetch(statement(_PACKAGE, "delete_unparsed"), owner.id, keys)
    rows = await tx.fetch(statement(_PACKAGE, "remove_messages"), owner.id, keys)
    named: dict[int, list[Row]] = {row["id"]: [] for row in rows}
    for row in await tx.fetch(statement(_PACKAGE, "named_addresses"), list(named)):
        named[row["message_id"]].append(row)
    messages = [restore_message(row, named[row["id"]]) for row in rows]
    await note_addresses(tx.connection, owner.id, messages, sign=-1)
    emails = sorted({address["email"] for addresses in named.values() for address in addresses})
    await tx.execute(statement(_PACKAGE, "forget_names"), owner.id, emails)
    for row in sorted(rows, key=lambda each: each["id"]):
        await tx.append(EmailRemoved(owner.id, row["id"]))
    return len(rows) + len(unparsed)
