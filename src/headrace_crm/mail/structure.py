"""The parts of a MIME message, found in one pass without recursion.

The standard parser checks every line against every open boundary and recurses per level, so a hostile
message can stall or overflow it. Here each line that starts with `--` is looked up once.
"""

import re
from dataclasses import dataclass
from email.message import Message
from typing import Final

from headrace_crm.mail.charset import clean_text, decode_header_bytes
from headrace_crm.mail.headers import Headers, decode_words, split_headers

MAX_PARTS: Final = 256
MAX_DEPTH: Final = 50
MAX_PART_HEADER_BYTES: Final = 32_768

_DELIMITER: Final = re.compile(rb"^--([^\r\n]{1,200})(?:\r?\n|\r|\Z)", re.MULTILINE)
_PLAIN_TYPE: Final = re.compile(r'([\w.+-]+/[\w.+-]+)(?:;\s*charset="?([\w.:-]+)"?)?;?\Z', re.ASCII)
_MAX_TYPE_CHARS: Final = 4_000


@dataclass(frozen=True, slots=True)
class ContentType:
    """A Content-Type: lower-cased `type/subtype`, and the parameters a reader needs; empty when absent."""

    name: str
    charset: str
    boundary: str
    filename: str


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf: its still encoded bytes are `raw[start:end]` of the message.

    `alternative` numbers the nearest multipart/alternative around it; parts of one number say the same thing.
    """

    content_type: ContentType
    headers: Headers
    start: int
    end: int
    alternative: int | None


@dataclass(frozen=True, slots=True)
class Structure:
    """The leaves of a message in file order; `is_truncated` when there were more than are kept."""

    parts: tuple[Part, ...]
    is_truncated: bool


@dataclass(slots=True)
class _Level:
    boundary: bytes
    alternative: int | None


@dataclass(slots=True)
class _Open:
    content_type: ContentType
    headers: Headers
    start: int
    alternative: int | None


def read_structure(raw: bytes, headers: Headers, body_start: int) -> Structure:
    """Find the leaf parts of the message whose headers and body start are given.

    An attached message is one leaf. A multipart whose boundary never occurs is one text/plain leaf.
    """
    content_type = read_content_type(headers)
    boundary = _boundary_of(content_type)
    if boundary is None:
        return Structure((Part(_as_leaf(content_type), headers, body_start, len(raw), None),), is_truncated=False)
    walk = _Walk(raw, _Level(boundary, 0 if content_type.name == "multipart/alternative" else None))
    walk.run(body_start)
    if not walk.parts:
        text = ContentType("text/plain", content_type.charset, "", "")
        walk.parts.append(Part(text, headers, body_start, len(raw), None))
    return Structure(tuple(walk.parts), walk.is_truncated)


def read_content_type(headers: Headers) -> ContentType:
    """Read Content-Type and the file name (RFC 2231 or 2047); a missing or broken type is text/plain."""
    value = headers.raw("content-type")[:_MAX_TYPE_CHARS]
    disposition = headers.raw("content-disposition")[:_MAX_TYPE_CHARS]
    plain = _PLAIN_TYPE.match(value or "text/plain")
    if plain and ";" not in disposition:
        return ContentType(plain[1].lower(), plain[2] or "", "", "")
    message = Message()
    # Decoded first: the standard reader would answer U+FFFD for every raw 8-bit byte of a file name.
    message["Content-Type"] = decode_header_bytes(value) or "text/plain"
    if disposition:
        message["Content-Disposition"] = decode_header_bytes(disposition)
    try:
        charset = message.get_content_charset() or ""
    except (ValueError, LookupError, TypeError):
        charset = ""
    try:
        boundary = message.get_boundary() or ""
        filename = message.get_filename() or ""
    except (ValueError, LookupError, TypeError):
        boundary = filename = ""
    return ContentType(message.get_content_type(), charset, boundary.rstrip(), decode_words(filename))


class _Walk:
    """One pass over the delimiter lines, with the open multiparts as a stack."""

    def __init__(self, raw: bytes, root: _Level) -> None:
        self._raw = raw
        self._levels = [root]
        self._depths: dict[bytes, list[int]] = {root.boundary: [0]}
        self._open: _Open | None = None
        self._alternatives = 1
        self._count = 0
        self.parts: list[Part] = []
        self.is_truncated = False

    def run(self, position: int) -> None:
        while self._levels and (match := _DELIMITER.search(self._raw, position)):
            position = max(self._take(match), match.end())
        self._close_part(len(self._raw))

    def _take(self, match: re.Match[bytes]) -> int:
        """Act on one line beginning with `--`; return where to look on."""
        line = match[1].rstrip()
        depths = self._depths.get(line)
        is_last = False
        if not depths and line.endswith(b"--"):
            depths = self._depths.get(line[:-2].rstrip())
            is_last = True
        if not depths:
            return match.end()
        self._close_part(match.start())
        depth = depths[-1]
        self._close_levels(depth if is_last else depth + 1)
        # Closing the outermost multipart leaves the epilogue, which is nobody's.
        return match.end() if is_last else self._open_part(match.end())

    def _open_part(self, start: int) -> int:
        if self._count >= MAX_PARTS:
            self.is_truncated = True
            return start
        self._count += 1
        end = min(len(self._raw), start + MAX_PART_HEADER_BYTES)
        headers, body_start = split_headers(self._raw, start, end)
        content_type = read_content_type(headers)
        boundary = _boundary_of(content_type)
        alternative = self._levels[-1].alternative
        if boundary is not None and len(self._levels) < MAX_DEPTH:
            if content_type.name == "multipart/alternative":
                alternative, self._alternatives = self._alternatives, self._alternatives + 1
            self._depths.setdefault(boundary, []).append(len(self._levels))
            self._levels.append(_Level(boundary, alternative))
            # A delimiter may follow at once, where the header block seemed to go on.
            return start
        self.is_truncated |= boundary is not None
        self._open = _Open(_as_leaf(content_type), headers, body_start, alternative)
        return start

    def _close_part(self, end: int) -> None:
        if self._open is None:
            return
        opened, self._open = self._open, None
        # The line break before a delimiter belongs to the delimiter.
        if end < len(self._raw):
            end -= 2 if self._raw[max(0, end - 2) : end] == b"\r\n" else 1
        start = min(opened.start, end)
        self.parts.append(Part(opened.content_type, opened.headers, start, end, opened.alternative))

    def _close_levels(self, depth: int) -> None:
        while len(self._levels) > depth:
            self._depths[self._levels.pop().boundary].pop()


def _boundary_of(content_type: ContentType) -> bytes | None:
    if not content_type.name.startswith("multipart/") or not content_type.boundary:
        return None
    return clean_text(content_type.boundary).encode()


def _as_leaf(content_type: ContentType) -> ContentType:
    if content_type.name.startswith("multipart/"):
        return ContentType("text/plain", content_type.charset, "", content_type.filename)
    return content_type
