"""`messages.*` that change the mailbox: modify, trash, delete, insert, import, send."""

import base64
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from headrace_crm.sandbox.answer import Answer, json_answer
from headrace_crm.sandbox.google.call import Asked
from headrace_crm.sandbox.google.mailbox import Mailbox
from headrace_crm.sandbox.google.message import Message, header_of
from headrace_crm.sandbox.google.refusal import invalid, not_found


class _Modification(msgspec.Struct, rename="camel"):
    add_label_ids: list[str] = []
    remove_label_ids: list[str] = []


class _NewMessage(msgspec.Struct, rename="camel"):
    raw: str = ""
    label_ids: list[str] = []
    thread_id: str = ""


def modify(asked: Asked) -> Answer:
    """Adds labels and takes labels away."""
    wanted = asked.body(_Modification)
    if wanted is None:
        return invalid("Invalid JSON payload received.")
    if unknown := _unknown(asked.mailbox, [*wanted.add_label_ids, *wanted.remove_label_ids]):
        return invalid(f"Invalid label: {unknown}")
    if not wanted.add_label_ids and not wanted.remove_label_ids:
        return invalid("No label add or removes specified")
    return _short(asked.mailbox.relabel(asked.names["id"], add=wanted.add_label_ids, remove=wanted.remove_label_ids))


def trash(asked: Asked) -> Answer:
    """Moves a message to the trash."""
    return _short(asked.mailbox.trash(asked.names["id"]))


def untrash(asked: Asked) -> Answer:
    """Takes a message out of the trash."""
    return _short(asked.mailbox.untrash(asked.names["id"]))


def delete(asked: Asked) -> Answer:
    """Deletes a message for good."""
    return Answer(204) if asked.mailbox.delete(asked.names["id"]) else not_found()


def insert(asked: Asked) -> Answer:
    """Adds a message as it is; it was received now, unless `internalDateSource=dateHeader`."""
    return _added(asked, date_source=asked.one("internalDateSource", "receivedTime"))


def import_(asked: Asked) -> Answer:
    """Adds a message as if it had come by mail, at the time of its Date header."""
    return _added(asked, date_source=asked.one("internalDateSource", "dateHeader"))


def send(asked: Asked) -> Answer:
    """Adds a message to the sent ones; nobody else gets it."""
    return _added(asked, date_source="receivedTime", labels=["SENT"])


def _added(asked: Asked, *, date_source: str, labels: list[str] | None = None) -> Answer:
    wanted = asked.body(_NewMessage)
    raw = None if wanted is None else _raw(wanted.raw)
    if asked.call.headers.get("content-type", "").startswith("message/"):
        wanted, raw = _NewMessage(), asked.call.body
    if wanted is None or not raw:
        return invalid("'raw' RFC822 payload message string or uploading message via /upload/* URL required")
    if unknown := _unknown(asked.mailbox, wanted.label_ids):
        return invalid(f"Invalid label: {unknown}")
    if wanted.thread_id and not asked.mailbox.thread(wanted.thread_id):
        return not_found()
    added = asked.mailbox.deliver(
        raw,
        labels=wanted.label_ids if labels is None else labels,
        at=_date(raw) if date_source == "dateHeader" else None,
        thread_id=wanted.thread_id or None,
    )
    return _short(added)


def _short(message: Message | None) -> Answer:
    if message is None:
        return not_found()
    return json_answer({"id": message.id, "threadId": message.thread_id, "labelIds": list(message.labels)})


def _unknown(mailbox: Mailbox, label_ids: list[str]) -> str:
    return next((label_id for label_id in label_ids if not mailbox.has_labels([label_id])), "")


def _raw(text: str) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None


def _date(raw: bytes) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header_of(raw, "Date"))
    except (ValueError, IndexError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
