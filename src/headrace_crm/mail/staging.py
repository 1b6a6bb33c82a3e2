"""Takes a mailbox file apart into pieces that fit a transaction, and names each message."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from headrace_crm.mail.headers import split_headers
from headrace_crm.mail.parse import parse_message, read_ids
from headrace_crm.mail.providers.mbox import RawMessage, read_mbox

BATCH_MESSAGES: Final = 50
BATCH_BYTES: Final = 4 * 1024 * 1024
"""A batch is full at this many messages or bytes, whichever comes first; one larger message is its own batch."""
PIECE_MESSAGES: Final = 500
PIECE_BYTES: Final = 8 * 1024 * 1024
MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024
"""What is kept of one message: its text comes before its attachments, of which only the sizes are noted."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class StagedMessage:
    """A message read and named, not parsed yet."""

    message_key: str
    raw: bytes
    envelope_at: datetime | None
    is_truncated: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """What one transaction stages: messages, where the next piece begins, and the bytes of the file read.

    `is_last` is True once the file has no more.
    """

    messages: tuple[StagedMessage, ...]
    end_offset: int
    bytes_read: int
    is_last: bool


def read_pieces(path: Path, *, start_offset: int, now: datetime) -> Iterator[Piece]:
    """Read a mailbox in pieces of bounded size; the last one may be empty.

    The borders of pieces depend on the file and the offset alone, so that a run that resumes at a border
    goes on as an undisturbed one would. Raises OSError and MailboxFileError as `read_mbox` does; pieces
    before the damage have been yielded, and so has the part of a piece read until then.
    """
    reader = read_mbox(path, start_offset=start_offset, max_message_bytes=MAX_MESSAGE_BYTES)
    offset, bytes_read = start_offset, 0
    held: list[StagedMessage] = []
    size = 0
    try:
        for message in reader:
            held.append(stage(message, now=now))
            size += len(message.raw)
            offset, bytes_read = message.end_offset, message.bytes_read
            if len(held) >= PIECE_MESSAGES or size >= PIECE_BYTES:
                yield Piece(tuple(held), offset, bytes_read, is_last=False)
                held, size = [], 0
    except Exception:
        if held:
            yield Piece(tuple(held), offset, bytes_read, is_last=False)
        raise
    yield Piece(tuple(held), offset, bytes_read, is_last=True)


def stage(message: RawMessage, *, now: datetime) -> StagedMessage:
    """Name a message as `parse_message` will: by its Message-ID, which is found quickly, else by its content."""
    return StagedMessage(
        message_key=_quick_key(message.raw)
        or parse_message(
            message.raw, now=now, envelope_at=message.envelope_at, is_truncated=message.is_truncated
        ).message_key,
        raw=message.raw,
        envelope_at=message.envelope_at,
        is_truncated=message.is_truncated,
    )


def cut_batches(messages: Sequence[StagedMessage]) -> Iterator[tuple[StagedMessage, ...]]:
    """Cut messages into batches, in order; none is empty."""
    batch: list[StagedMessage] = []
    size = 0
    for found in messages:
        if batch and (len(batch) == BATCH_MESSAGES or size + len(found.raw) > BATCH_BYTES):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(found)
        size += len(found.raw)
    if batch:
        yield tuple(batch)


def _quick_key(raw: bytes) -> str | None:
    start = 3 if raw.startswith(_BYTE_ORDER_MARK) else 0
    start = len(raw) - len(raw[start:].lstrip(b"\r\n"))
    try:
        headers, _ = split_headers(raw, start, len(raw))
        return next(iter(read_ids(headers.raw("message-id"))), None)
    except Exception:  # noqa: BLE001 - the parser answers for whatever this cannot read
        return None
