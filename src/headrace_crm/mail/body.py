"""The words of a message and the list of what is attached to it."""

import binascii
import quopri
import re
from itertools import groupby
from typing import Final

from headrace_crm.mail.charset import clean_text, decode_bytes
from headrace_crm.mail.html_text import read_html
from headrace_crm.mail.model import MAX_ATTACHMENTS, MAX_BODY_CHARS, Attachment
from headrace_crm.mail.structure import Part, Structure

MAX_TEXT_BYTES: Final = 2_000_000
"""Encoded bytes of one text part that are decoded; more than ten times the text kept."""
MAX_FILENAME_CHARS: Final = 255

_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]")
_TEXT_TYPES: Final = frozenset(("text/plain", "text/html", "text/enriched", "text/x-amp-html"))


def read_body(raw: bytes, structure: Structure) -> tuple[str, bool]:
    r"""Return the readable text of a message, and whether some of it was cut.

    Of the parts of one multipart/alternative the plain text counts, HTML only where that is blank.
    Line ends become `\n`; the ends of the text are trimmed.
    """
    texts: list[str] = []
    room = MAX_BODY_CHARS
    is_cut = False
    shown = (part for part in structure.parts if _is_shown(part))
    # Plain parts outside any alternative stand alone: their key is their own position.
    for _, group in groupby(shown, key=lambda part: part.start if part.alternative is None else -1 - part.alternative):
        if room <= 0:
            is_cut = True
            break
        text, was_cut = _read_alternatives(raw, tuple(group))
        is_cut |= was_cut or len(text) > room
        if text:
            texts.append(text[:room])
            room -= len(text)
    return "\n\n".join(texts), is_cut


def read_attachments(raw: bytes, structure: Structure) -> tuple[Attachment, ...]:
    """Describe every part that is not shown as text, in file order."""
    attachments: list[Attachment] = []
    for part in structure.parts:
        if _is_shown(part):
            continue
        # An empty text part is debris of a broken message, not a file.
        if part.start == part.end and not part.content_type.filename:
            continue
        name = clean_text(part.content_type.filename).replace("\\", "/").rpartition("/")[2].strip()
        kind = clean_text(part.content_type.name)[:MAX_FILENAME_CHARS]
        attachments.append(Attachment(name[:MAX_FILENAME_CHARS], kind, _decoded_size(raw, part)))
        if len(attachments) == MAX_ATTACHMENTS:
            break
    return tuple(attachments)


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """Undo a Content-Transfer-Encoding as far as the bytes allow; an unknown one is taken as none."""
    match encoding:
        case "base64":
            # Mailing lists append plain text to base64 parts: what follows the padding is not part of it.
            clean = _NOT_BASE64.sub(b"", data.partition(b"=")[0])
            clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
            return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
        case "quoted-printable":
            return quopri.decodestring(data)
        case "x-uuencode" | "uuencode" | "x-uue" | "uue":
            return _decode_uu(data)
        case _:
            return data


def _is_shown(part: Part) -> bool:
    content_type = part.content_type
    if content_type.filename or content_type.name not in _TEXT_TYPES:
        return False
    return not part.headers.raw("content-disposition").lower().startswith("attachment")


def _read_alternatives(raw: bytes, parts: tuple[Part, ...]) -> tuple[str, bool]:
    is_cut = False
    for kinds in (("text/plain", "text/enriched"), ("text/html", "text/x-amp-html")):
        texts: list[str] = []
        for part in parts:
            if part.content_type.name in kinds:
                text, was_cut = _read_text(raw, part)
                is_cut |= was_cut
                if text:
                    texts.append(text)
        if texts:
            return "\n\n".join(texts), is_cut
    return "", is_cut


def _read_text(raw: bytes, part: Part) -> tuple[str, bool]:
    end = min(part.end, part.start + MAX_TEXT_BYTES)
    data = decode_transfer(raw[part.start : end], _encoding_of(part))
    text = decode_bytes(data, part.content_type.charset)
    if part.content_type.name in {"text/html", "text/x-amp-html"}:
        text = clean_text(read_html(text))
    elif "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.strip("\n").rstrip(), end < part.end


def _encoding_of(part: Part) -> str:
    return part.headers.raw("content-transfer-encoding").split(";")[0].strip(" \"'").lower()


def _decoded_size(raw: bytes, part: Part) -> int:
    size = part.end - part.start
    if _encoding_of(part) == "base64":
        breaks = raw.count(b"\n", part.start, part.end) + raw.count(b"\r", part.start, part.end)
        padding = raw.count(b"=", max(part.start, part.end - 4), part.end)
        return max(0, (size - breaks) * 3 // 4 - padding)
    if _encoding_of(part) == "quoted-printable" and size <= MAX_TEXT_BYTES:
        return len(quopri.decodestring(raw[part.start : part.end]))
    return size


def _decode_uu(data: bytes) -> bytes:
    decoded = bytearray()
    for line in data.splitlines():
        if line.startswith((b"begin ", b"end")) or not line.strip():
            continue
        try:
            decoded += binascii.a2b_uu(line)
        except binascii.Error:
            continue
    return bytes(decoded)
