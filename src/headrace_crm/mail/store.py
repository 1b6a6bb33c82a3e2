"""Writes messages, the addresses they name, and what they say about those addresses."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

import msgspec

from headrace import Connection, Row, statement
from headrace_crm.mail.classify import Direction
from headrace_crm.mail.full_name import full_name
from headrace_crm.mail.model import Address, ParsedMessage, UnparsedMessage

_PACKAGE: Final = "headrace_crm.mail"

_MESSAGE_COLUMNS: Final = (
    "id", "owner_id", "message_key", "thread_id", "direction", "is_bulk", "sender_email", "sender_name", "subject",
    "sent_at", "date_is_guessed", "message_id", "in_reply_to", "reference_ids", "list_id", "is_automated",
    "is_precedence_bulk", "has_unsubscribe", "is_list_post", "body_text", "attachments", "labels",
    "provider_thread_id", "size_bytes", "is_truncated", "source", "import_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A parsed message with what storing adds: its ids, its thread and what it is to the owner."""

    id: int
    message_key: str
    thread_id: int
    direction: Direction
    is_bulk: bool
    message: ParsedMessage


async def insert_messages(
    connection: Connection, owner_id: UUID, messages: Sequence[NewMessage], *, import_id: UUID | None, source: str
) -> None:
    """Stores messages with their addresses. Their keys must be new for the owner, their threads stored."""
    await connection.copy_records_to_table(
        "message",
        schema_name="crm",
        columns=_MESSAGE_COLUMNS,
        records=[_record(owner_id, new, import_id, source) for new in messages],
    )
    await connection.copy_records_to_table(
        "message_address",
        schema_name="crm",
        columns=("message_id", "position", "owner_id", "role", "email", "name"),
        records=[
            (new.id, position, owner_id, role, address.email, address.name)
            for new in messages
            for position, (role, address) in enumerate(_named(new.message))
        ],
    )


async def insert_unparsed(
    connection: Connection,
    owner_id: UUID,
    messages: Sequence[tuple[str, bytes, UnparsedMessage]],
    *,
    import_id: UUID | None,
    source: str,
) -> None:
    """Keeps messages that could not be read, given as (key, raw bytes, reason)."""
    if messages:
        await connection.copy_records_to_table(
            "unparsed_message",
            schema_name="crm",
            columns=("owner_id", "message_key", "error", "raw", "size_bytes", "source", "import_id"),
            records=[
                (owner_id, key, unparsed.error, raw, unparsed.size_bytes, source, import_id)
                for key, raw, unparsed in messages
            ],
        )


async def note_addresses(
    connection: Connection, owner_id: UUID, messages: Iterable[ParsedMessage], *, sign: Literal[1, -1] = 1
) -> None:
    """Adds what new messages say about each address they name, which makes those addresses stale.

    Must run once for each message, in the transaction that stores it; with `sign` -1 it takes the same back, in
    the transaction that removes it.
    """
    authored: Counter[str] = Counter()
    named: Counter[str] = Counter()
    seen: set[str] = set()
    names: Counter[tuple[str, bool, str]] = Counter()
    for message in messages:
        sender = message.sender
        declared = frozenset(message.list_addresses)
        seen.update(address.email for _, address in _named(message))
        named.update(declared)
        if sender is not None:
            authored[sender.email] += sender.email not in declared
            names[sender.email, True, sender.name] += 1
        others = {(address.email, address.name) for address in message.recipients}
        names.update((email, False, name) for email, name in others)
    emails = sorted(seen)
    await connection.execute(
        statement(_PACKAGE, "note_addresses"),
        owner_id,
        emails,
        [sign * authored[email] for email in emails],
        [sign * named[email] for email in emails],
    )
    given = sorted(key for key in names if key[2])
    await connection.execute(
        statement(_PACKAGE, "note_names"),
        owner_id,
        [email for email, _, _ in given],
        [is_own for _, is_own, _ in given],
        [name for _, _, name in given],
        [full_name(name) for _, _, name in given],
        [sign * names[key] for key in given],
    )


def restore_message(row: Row, addresses: Iterable[Row]) -> ParsedMessage:
    """A stored message as far as it tells who dealt with whom: without body, attachments and labels.

    `addresses` are its rows in header order.
    """
    by_role: dict[str, list[Address]] = {}
    for address in addresses:
        by_role.setdefault(address["role"], []).append(Address(address["email"], address["name"]))
    return ParsedMessage(
        message_key=row["message_key"],
        message_id=row["message_id"],
        in_reply_to=tuple(row["in_reply_to"]),
        references=tuple(row["reference_ids"]),
        subject=row["subject"],
        sent_at=row["sent_at"],
        date_is_guessed=row["date_is_guessed"],
        sender=next(iter(by_role.get("from", ())), None),
        reply_to=tuple(by_role.get("reply_to", ())),
        to=tuple(by_role.get("to", ())),
        cc=tuple(by_role.get("cc", ())),
        bcc=tuple(by_role.get("bcc", ())),
        list_addresses=tuple(address.email for address in by_role.get("list", ())),
        list_id=row["list_id"],
        is_automated=row["is_automated"],
        is_precedence_bulk=row["is_precedence_bulk"],
        has_unsubscribe=row["has_unsubscribe"],
        is_list_post=row["is_list_post"],
        body_text="",
        attachments=(),
        labels=(),
        provider_thread_id=row["provider_thread_id"],
        size_bytes=row["size_bytes"],
        is_truncated=row["is_truncated"],
    )


def _record(owner_id: UUID, new: NewMessage, import_id: UUID | None, source: str) -> tuple[object, ...]:
    message = new.message
    sender = message.sender
    return (
        new.id, owner_id, new.message_key, new.thread_id, new.direction, new.is_bulk,
        sender.email if sender else None, sender.name if sender else None, message.subject,
        message.sent_at, message.date_is_guessed, message.message_id, message.in_reply_to, message.references,
        message.list_id, message.is_automated, message.is_precedence_bulk, message.has_unsubscribe,
        message.is_list_post, message.body_text, msgspec.json.encode(message.attachments).decode(), message.labels,
        message.provider_thread_id, message.size_bytes, message.is_truncated, source, import_id,
    )  # fmt: skip


def _named(message: ParsedMessage) -> Iterator[tuple[str, Address]]:
    if message.sender is not None:
        yield "from", message.sender
    for role, addresses in (
        ("to", message.to),
        ("cc", message.cc),
        ("bcc", message.bcc),
        ("reply_to", message.reply_to),
    ):
        for address in addresses:
            yield role, address
    for email in message.list_addresses:
        yield "list", Address(email)
