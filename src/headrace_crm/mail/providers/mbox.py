"""Messages out of an mbox of any size, in bounded memory, resumable at any message."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from headrace_crm.mail.providers.byte_source import open_source
from headrace_crm.mail.providers.envelope import MAX_LINE_BYTES, Envelope, read_envelope
from headrace_crm.mail.providers.window import Window

MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024

_LOOK_AHEAD: Final = 2 * MAX_LINE_BYTES + 16
"""Bytes that must follow a possible separator before it can be judged: it and the line after it."""
_TAIL: Final = 8
"""Bytes kept before the place looked at: a part of `\\nFrom `, and the line ends above it."""
_MAX_HEADER_BYTES: Final = 256 * 1024
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

_HEADER_LINE: Final = re.compile(rb"[!-9;-~]+[ \t]*:")
_CONTENT_LENGTH: Final = re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_HEADERS_END: Final = re.compile(rb"\n\r?\n")
_BLANKS: Final = re.compile(rb"(?:\r?\n){0,2}")
_QUOTED: Final = re.compile(rb"^>(>*From )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One message of a mailbox file, unquoted, without its `From ` line.

    - `offset` and `end_offset` count bytes of the uncompressed stream; `end_offset` is where the next
      message begins and where a later run resumes.
    - `envelope_at` is the date of the `From ` line, None when there is none.
    - `is_truncated`: longer than the limit; `raw` is its beginning.
    - `bytes_read` of `bytes_total` is the progress through the file on disk (compressed bytes for gzip). The
      reader runs a little ahead of the message.
    """

    offset: int
    end_offset: int
    raw: bytes
    envelope_at: datetime | None
    is_truncated: bool
    bytes_read: int
    bytes_total: int


def read_mbox(path: Path, *, start_offset: int = 0, max_message_bytes: int = MAX_MESSAGE_BYTES) -> Iterator[RawMessage]:
    """Read an mbox, gzipped or not, or a single message that no `From ` line opens.

    Any dialect: mboxrd and mboxo quoting, Content-Length where it leads to the next separator or the end,
    CRLF, missing blank lines, Takeout and Netscape separators. `start_offset` is an `end_offset` of an
    earlier run; from anywhere else the reader goes on to the next separator. Memory is about twice the
    longest message, bounded by `max_message_bytes`. An empty file has no messages.

    Raises:
        OSError: the file cannot be opened or read.
        MailboxFileError: gzip data is damaged or cut off; the message it breaks in is not yielded.

    """
    before = max(start_offset - 1, 0)
    with open_source(path, start_offset=before) as (source, total):
        window = Window(source, before)
        # Within a line there is no separator: what looks like one is quoted.
        envelope = _open_first(window) if start_offset == 0 or _passes_line_end(window) else None
        if envelope is None and window.offset > 0 and start_offset > 0:
            _skip_to_separator(window)
        elif envelope is None:
            yield from _read_single(window, max_message_bytes, total)
            return
        while window.fill(1):
            yield _read_message(window, max_message_bytes, total)
        window.require_whole(0)


def _passes_line_end(window: Window) -> bool:
    """Move past the byte before the place to begin at; whether that ends a line."""
    if not window.fill(1):
        return False
    is_line_end = window.slice(0, 1) == b"\n"
    window.advance(1)
    return is_line_end


def _open_first(window: Window) -> Envelope | None:
    """Move to the first separator if the stream opens with one, past a byte order mark and empty lines."""
    is_start = window.offset == 0
    window.fill(_LOOK_AHEAD)
    if window.offset == 0 and window.slice(0, 3) == _BYTE_ORDER_MARK:
        window.advance(3)
    while window.fill(1) and window.slice(0, 1) in {b"\r", b"\n"}:
        window.advance(1)
    line = window.line(0)
    envelope = read_envelope(line)
    if envelope is None and is_start and line.startswith(b"From ") and _starts_header(window, 0):
        # First in the file, any `From ` line before a header is an envelope: nobody writes prose there.
        return Envelope(None, is_patch=False)
    return envelope


def _read_single(window: Window, limit: int, total: int) -> Iterator[RawMessage]:
    offset = window.offset
    if not window.fill(1):
        window.require_whole(0)
        return
    window.fill(limit + 1)
    raw = window.slice(0, min(limit, len(window)))
    is_truncated = len(window) > limit
    while len(window):
        window.advance(len(window))
        window.fill(1)
    window.require_whole(0)
    yield RawMessage(offset, window.offset, raw, None, is_truncated, window.bytes_read, total)


def _skip_to_separator(window: Window) -> None:
    end, _ = _find_end(window, 0, is_patch=False, limit=_LOOK_AHEAD)
    window.advance(end)


def _read_message(window: Window, limit: int, total: int) -> RawMessage:
    offset = window.offset
    envelope = read_envelope(window.line(0)) or Envelope(None, is_patch=False)
    newline = window.find(b"\n", 0)
    begin = len(window) if newline < 0 else newline + 1
    trusted = _trusted_end(window, begin, limit)
    if trusted is None:
        end, head = _find_end(window, begin, is_patch=envelope.is_patch, limit=limit)
    else:
        end, head = trusted, None
    window.require_whole(end)
    raw = window.slice(begin, end) if head is None else head
    window.advance(end)
    # Bare `From ` lines inside a trusted length show that nothing was quoted here: leave `>From ` alone.
    if b">From " in raw and not (trusted is not None and b"\nFrom " in raw):
        raw = _QUOTED.sub(rb"\1", raw)
    if head is None:
        raw = _without_blank(raw)
    return RawMessage(
        offset,
        window.offset,
        raw[:limit],
        envelope.sent_at,
        len(raw) > limit or head is not None,
        window.bytes_read,
        total,
    )


def _find_end(window: Window, begin: int, *, is_patch: bool, limit: int) -> tuple[int, bytes | None]:
    """Find where the next separator begins, or the end.

    Beyond `limit` the message's beginning is put aside and returned, and the window forgets the rest.
    """
    head: bytes | None = None
    scan = max(begin - 1, 0)
    while True:
        found = window.find(b"\nFrom ", scan)
        if found >= 0:
            if _is_separator(window, found + 1, begin, is_patch=is_patch):
                return found + 1, head
            scan = found + 1
            continue
        if window.is_ended:
            return len(window), head
        scan = max(scan, len(window) - _TAIL)
        if len(window) > begin + limit + _LOOK_AHEAD:
            head = window.slice(begin, begin + limit) if head is None else head
            window.advance(scan - _TAIL)
            begin, scan = 0, _TAIL
        window.fill(len(window) + 1)


def _is_separator(window: Window, at: int, begin: int, *, is_patch: bool) -> bool:
    window.fill(at + _LOOK_AHEAD)
    envelope = read_envelope(window.line(at))
    if envelope is None or (envelope.is_patch and not is_patch):
        return False
    before = window.slice(max(begin, at - 3), at)
    if before.endswith((b"\n\n", b"\n\r\n")) and (envelope.sent_at or envelope.is_patch):
        return True
    # Without a date, or right below other text, only the headers that follow can prove it.
    return _starts_header(window, at)


def _starts_header(window: Window, at: int) -> bool:
    """True when a header follows the line at `at`, or the `>From ` that relays leave above headers."""
    newline = window.find(b"\n", at)
    if newline < 0:
        return False
    line = window.line(newline + 1)
    return _HEADER_LINE.match(line) is not None or line.startswith(b">From ")


def _trusted_end(window: Window, begin: int, limit: int) -> int | None:
    """Where Content-Length says the message ends, if a separator or the end of the file stands there.

    Many programs keep a stale Content-Length, so one that leads anywhere else is ignored.
    """
    window.fill(begin + _MAX_HEADER_BYTES)
    origin = window.start + begin
    headers_end = _HEADERS_END.search(window.data, max(origin - 1, 0), origin + _MAX_HEADER_BYTES)
    if headers_end is None:
        return None
    stated = _CONTENT_LENGTH.search(window.data, origin, headers_end.start() + 1)
    if stated is None or int(stated[1]) > limit:
        return None
    end = headers_end.end() - window.start + int(stated[1])
    window.fill(end + _LOOK_AHEAD)
    if end > len(window):
        return None
    blanks = _BLANKS.match(window.slice(end, end + 4))
    end += blanks.end() if blanks else 0
    if end == len(window):
        return end
    if window.slice(end - 1, end) != b"\n":
        return None
    return end if read_envelope(window.line(end)) else None


def _without_blank(raw: bytes) -> bytes:
    """Drop the empty line that a mailbox writer puts before the next separator."""
    if raw.endswith(b"\n\r\n") or raw == b"\r\n":
        return raw[:-2]
    return raw[:-1] if raw.endswith(b"\n\n") or raw == b"\n" else raw
