"""One raw message to one value; whatever the bytes are, this answers and does not raise."""

import hashlib
import re
from datetime import datetime
from typing import Final

from headrace_crm.mail.addresses import parse_addresses
from headrace_crm.mail.body import read_attachments, read_body
from headrace_crm.mail.charset import clean_text, decode_header_bytes
from headrace_crm.mail.dates import choose_date
from headrace_crm.mail.declarations import read_declarations
from headrace_crm.mail.headers import Headers, split_headers
from headrace_crm.mail.model import (
    MAX_LABELS,
    MAX_RECIPIENTS,
    MAX_REFERENCES,
    MAX_SUBJECT_CHARS,
    Address,
    ParsedMessage,
    UnparsedMessage,
)
from headrace_crm.mail.structure import read_structure

MAX_ID_CHARS: Final = 400
"""A longer id is replaced by its hash: a B-tree index refuses entries of some 2,700 bytes."""
_MAX_LABEL_CHARS: Final = 225
_MAX_ERROR_CHARS: Final = 500

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_ANGLED: Final = re.compile(r"<([^<>]*)>")
_QUOTED_TEXT: Final = re.compile(r'"[^"]*"|\([^()]*\)')
_AFTER_ID: Final = re.compile(r"(?<=>)\s*;")
_LABEL: Final = re.compile(r'\s*(?:"([^"]*)"|([^,]+))\s*(?:,|$)')
_SPACES: Final = re.compile(r"\s+")


def parse_message(
    raw: bytes,
    *,
    now: datetime,
    envelope_at: datetime | None = None,
    fallback_at: datetime | None = None,
    is_truncated: bool = False,
) -> ParsedMessage | UnparsedMessage:
    """Read one RFC 5322 message; never raises.

    Args:
        raw: the message as stored, with any line ends, without a mailbox's `From ` line.
        now: dates later than a week after it are not believed. Use one value for a whole import: a date
            that is believed or not decides the key of a message without Message-ID.
        envelope_at: when the mailbox says it arrived; used when no header has a believable date.
        fallback_at: the date of the message before it in the file; used last.
        is_truncated: the reader already cut the message short.

    Returns:
        The message, or an `UnparsedMessage` with the reason: bytes without any header, or a fault of ours.

    """
    try:
        return _parse(raw, now, envelope_at, fallback_at, is_truncated)
    except Exception as error:  # noqa: BLE001 - one message must not fail its batch, whatever it holds
        return _unparsed(raw, f"{type(error).__name__}: {error}")


def read_ids(value: str) -> tuple[str, ...]:
    """Return the ids of a References or Message-ID value, without angle brackets, each once, in order.

    Where a program left out the brackets, words with an `@` count; prose is no id.
    """
    text = decode_header_bytes(value)
    found = _ANGLED.findall(text) if "<" in text else [word for word in text.split() if "@" in word]
    ids = (normalise_id(item) for item in found)
    return tuple(dict.fromkeys(item for item in ids if item))


def normalise_id(value: str) -> str:
    """Return an id without blanks, control characters and brackets, hashed when it is too long to index."""
    text = _SPACES.sub("", clean_text(value)).strip("<>")
    return text if len(text) <= MAX_ID_CHARS else _hash(text.encode())


def _parse(
    raw: bytes,
    now: datetime,
    envelope_at: datetime | None,
    fallback_at: datetime | None,
    is_truncated: bool,  # noqa: FBT001 - private
) -> ParsedMessage | UnparsedMessage:
    start = 3 if raw.startswith(_BYTE_ORDER_MARK) else 0
    start = len(raw) - len(raw[start:].lstrip(b"\r\n"))
    headers, body_start = split_headers(raw, start, len(raw))
    if not headers:
        return _unparsed(raw, "no header found; the bytes are not a mail message")
    structure = read_structure(raw, headers, body_start)
    body, is_cut = read_body(raw, structure)
    from_, from_is_cut = _addresses(headers, "from")
    senders = from_ or _addresses(headers, "sender")[0]
    reply_to, _ = _addresses(headers, "reply-to")
    to, to_is_cut = _addresses(headers, "to", "apparently-to")
    cc, cc_is_cut = _addresses(headers, "cc")
    bcc, bcc_is_cut = _addresses(headers, "bcc")
    sent_at, is_guessed = choose_date(
        headers.raw("date"),
        headers.raw_all("received"),
        now=now,
        envelope_at=envelope_at,
        fallback_at=fallback_at,
    )
    subject = _SPACES.sub(" ", headers.text("subject")).strip()
    sender = senders[0] if senders else None
    stated_id = headers.raw("message-id")
    message_id = next(iter(read_ids(stated_id)), None) or normalise_id(decode_header_bytes(stated_id)) or None
    # A guessed date depends on where the message was found, so it is no part of what names the message.
    dated = "" if is_guessed else sent_at.isoformat()
    declared = read_declarations(headers, from_, to + cc + bcc + reply_to)
    references = read_ids(" ".join(headers.raw_all("references")))
    return ParsedMessage(
        message_key=message_id or _content_key(dated, sender, subject, body),
        message_id=message_id,
        in_reply_to=_read_in_reply_to(headers),
        references=references
        if len(references) <= MAX_REFERENCES
        else references[:1] + references[1 - MAX_REFERENCES :],
        subject=subject[:MAX_SUBJECT_CHARS].rstrip(),
        sent_at=sent_at,
        date_is_guessed=is_guessed,
        sender=sender,
        reply_to=reply_to,
        to=to,
        cc=cc,
        bcc=bcc,
        list_addresses=declared.list_addresses,
        list_id=declared.list_id,
        is_automated=declared.is_automated,
        is_precedence_bulk=declared.is_precedence_bulk,
        has_unsubscribe=declared.has_unsubscribe,
        is_list_post=declared.is_list_post,
        body_text=body,
        attachments=read_attachments(raw, structure),
        labels=_read_labels(headers),
        provider_thread_id=normalise_id(headers.raw("x-gm-thrid")) or None,
        size_bytes=len(raw),
        is_truncated=is_truncated
        or is_cut
        or structure.is_truncated
        or from_is_cut
        or to_is_cut
        or cc_is_cut
        or bcc_is_cut
        or len(subject) > MAX_SUBJECT_CHARS,
    )


def _addresses(headers: Headers, *names: str) -> tuple[tuple[Address, ...], bool]:
    values = [value for name in names for value in headers.raw_all(name)]
    found = parse_addresses(values, limit=MAX_RECIPIENTS + 1) if values else ()
    return found[:MAX_RECIPIENTS], len(found) > MAX_RECIPIENTS


def _read_in_reply_to(headers: Headers) -> tuple[str, ...]:
    """Read the parent's id; older programs wrote prose around it, with the parent's sender in brackets."""
    value = headers.raw("in-reply-to")
    if "<" not in value:
        return read_ids(value) if len(value.split()) == 1 else ()
    if value.startswith("<"):
        # `<id>; from Someone <a@b> on date`
        return read_ids(_AFTER_ID.split(value, maxsplit=1)[0])[:MAX_REFERENCES]
    # `Your message of "date" <id>`, `Message from Someone <a@b> of "date" <id>`, `Message from Someone <a@b>`
    ids = read_ids(_QUOTED_TEXT.sub(" ", value))
    head = value.partition("<")[0].lower()
    is_sender = len(ids) == 1 and " from " in f" {head}" and " of " not in head
    return () if is_sender else ids[-1:]


def _read_labels(headers: Headers) -> tuple[str, ...]:
    text = headers.text("x-gmail-labels")
    labels = ((quoted or plain).strip()[:_MAX_LABEL_CHARS] for quoted, plain in _LABEL.findall(text))
    return tuple(dict.fromkeys(label for label in labels if label))[:MAX_LABELS]


def _content_key(dated: str, sender: Address | None, subject: str, body: str) -> str:
    words = _SPACES.sub(" ", body).strip()
    return _hash("\0".join((dated, sender.email if sender else "", subject, words)).encode())


def _unparsed(raw: bytes, error: str) -> UnparsedMessage:
    return UnparsedMessage(_hash(raw), clean_text(error)[:_MAX_ERROR_CHARS], len(raw))


def _hash(data: bytes) -> str:
    return f"hash:{hashlib.sha256(data).hexdigest()}"
