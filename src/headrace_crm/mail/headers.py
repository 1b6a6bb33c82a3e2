"""The header block of a message or part: found, unfolded, and decoded once per name."""

import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from email.parser import HeaderParser
from email.policy import compat32
from typing import Final

from headrace_crm.mail.charset import decode_bytes, decode_header_bytes

MAX_HEADER_BYTES: Final = 1_000_000
"""Bytes of one header block that are read; real ones end below 100 kB."""
MAX_VALUE_CHARS: Final = 100_000
"""Characters of one header value that are decoded: a To line of 2,000 people fits."""

_BLOCK_END: Final = re.compile(rb"\r?\n\r?\n|\r\r")
_SPACED_COLON: Final = re.compile(r"^([!-9;-~]+)[ \t]+:", re.MULTILINE)
"""The obsolete `Subject : text`, which the standard parser takes for the end of the headers."""
_LINE_BREAK: Final = re.compile(r"[\r\n]+")
_WORD: Final = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?=")
_RUN: Final = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?=(?:\s*=\?[^?\s]+\?[bBqQ]\?[^?]*\?=)*")
"""Encoded words next to each other are one text: a multi-byte character may be cut between them."""


class Headers:
    """Header values by lower-cased name, in file order; values are unfolded and still encoded."""

    __slots__ = ("_values",)

    def __init__(self, items: Iterator[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in items:
            self._values.setdefault(name.lower(), []).append(value)

    def raw(self, name: str) -> str:
        """The first value of that name, unfolded; empty when absent."""
        values = self._values.get(name)
        return _unfold(values[0]) if values else ""

    def raw_all(self, name: str) -> tuple[str, ...]:
        """Every value of that name, unfolded."""
        return tuple(_unfold(value) for value in self._values.get(name, ()))

    def text(self, name: str) -> str:
        """The first value of that name, its encoded words and raw 8-bit bytes decoded."""
        return decode_words(self.raw(name))

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __len__(self) -> int:
        return len(self._values)


def split_headers(raw: bytes, start: int, end: int) -> tuple[Headers, int]:
    """Read the header block at `raw[start:end]`; return it and where the body begins.

    A block that no empty line ends is all header; what does not look like a header ends the block early, and
    belongs to the body, as the standard parser has it.
    """
    # A part may open with its empty line at once: no headers at all.
    if raw[start : start + 1] == b"\n":
        return Headers(iter(())), start + 1
    if raw[start : start + 2] == b"\r\n":
        return Headers(iter(())), start + 2
    limit = min(end, start + MAX_HEADER_BYTES)
    match = _BLOCK_END.search(raw, start, limit)
    block_end, body_start = (match.start(), match.end()) if match else (limit, limit)
    block = raw[start:block_end].decode("ascii", "surrogateescape")
    block = _SPACED_COLON.sub(r"\1:", block)
    message = HeaderParser(policy=compat32).parsestr(block)
    rest = message.get_payload()
    if isinstance(rest, str) and rest:
        body_start = max(start, block_end - len(rest))
    return Headers(message.raw_items()), body_start


def decode_words(value: str) -> str:
    """Decode RFC 2047 encoded words and raw 8-bit bytes; what cannot be decoded stays as written."""
    if "=?" not in value:
        return decode_header_bytes(value)
    # Only whole runs reach the standard decoder: its own search is quadratic on words that never end.
    texts: list[str] = []
    position = 0
    for match in _RUN.finditer(value):
        texts += (decode_header_bytes(value[position : match.start()]), _decode_run(match[0]))
        position = match.end()
    texts.append(decode_header_bytes(value[position:]))
    return "".join(texts)


def _decode_run(run: str) -> str:
    try:
        return _decode_strictly(run)
    except (ValueError, IndexError, LookupError, TypeError):
        return _WORD.sub(_decode_alone, run)


def _decode_alone(match: re.Match[str]) -> str:
    try:
        return _decode_strictly(match[0])
    except (ValueError, IndexError, LookupError, TypeError):
        return decode_header_bytes(match[0])


def _decode_strictly(run: str) -> str:
    try:
        chunks = decode_header(run)
    except HeaderParseError as error:
        raise ValueError(str(error)) from error
    return "".join(
        decode_header_bytes(chunk) if isinstance(chunk, str) else decode_bytes(chunk, _charset_of(charset))
        for chunk, charset in chunks
    )


def _charset_of(charset: str | None) -> str | None:
    # RFC 2231 lets a language follow the charset: =?utf-8*en?Q?...?=
    return charset.partition("*")[0] if charset else None


def _unfold(value: str) -> str:
    value = value[:MAX_VALUE_CHARS]
    if "\n" in value or "\r" in value:
        value = " ".join(line.strip() for line in _LINE_BREAK.split(value))
    return value.strip()
