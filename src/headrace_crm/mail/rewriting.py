"""Reads stored messages whole, and stores what is left of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from headrace import Connection, Row, statement
from headrace_crm.mail.model import Attachment, ParsedMessage
from headrace_crm.mail.owners import Owner
from headrace_crm.mail.store import note_addresses, restore_message

_PACKAGE: Final = "headrace_crm.mail"


async def read_whole(connection: Connection, owner: Owner, ids: Sequence[int]) -> dict[int, ParsedMessage]:
    """The owner's messages of these ids with text and attachments, but no labels; none that is removed."""
    rows = await connection.fetch(statement(_PACKAGE, "messages_whole"), owner.id, ids)
    named: dict[int, list[Row]] = {row["id"]: [] for row in rows}
    for row in await connection.fetch(statement(_PACKAGE, "named_addresses"), list(named)):
        named[row["message_id"]].append(row)
    return {
        row["id"]: replace(
            restore_message(row, named[row["id"]]),
            body_text=row["body_text"],
            attachments=tuple(msgspec.json.decode(row["attachments"], type=list[Attachment])),
        )
        for row in rows
    }


async def rewrite_messages(
    connection: Connection,
    owner: Owner,
    changed: Mapping[int, tuple[ParsedMessage, ParsedMessage]],
    *,
    dropped: Collection[str],
) -> None:
    """Stores what is left of messages, given as before and after: without the addresses `dropped` in their headers.

    The owner must be locked. Their people are to be found again by `contact-extraction`.
    """
    ids, emails = sorted(changed), sorted(dropped)
    after = [changed[each][1] for each in ids]
    await note_addresses(connection, owner.id, [before for before, _ in changed.values()], sign=-1)
    await note_addresses(connection, owner.id, after)
    await connection.execute(statement(_PACKAGE, "forget_names"), owner.id, emails)
    await connection.execute(statement(_PACKAGE, "drop_addresses"), ids, emails)
    await connection.execute(
        statement(_PACKAGE, "rewrite_messages"),
        ids,
        [each.subject for each in after],
        [each.body_text for each in after],
        [_json(each.attachments) for each in after],
        [_json(each.in_reply_to) for each in after],
        [_json(each.references) for each in after],
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
