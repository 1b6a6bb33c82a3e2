"""Letter -> RFC 822 bytes, written out by hand.

The generator of the standard library folds and encodes a little differently from version to version, and
rightly refuses to write what is broken; here the same letter is the same bytes everywhere, and broken where
it should be.
"""

import base64
import hashlib
import quopri
from email.utils import format_datetime
from typing import assert_never
from urllib.parse import quote

from headrace_crm.demo.html import html_of
from headrace_crm.demo.letter import Attachment, Letter
from headrace_crm.demo.person import Address, Person
from headrace_crm.demo.texts import Transfer

LONGEST_WORD = 75
SPECIALS = frozenset('()<>[]:;@\\,."')


def to_bytes(letter: Letter, *, delivered_to: str | None) -> bytes:
    """Return the message with LF line ends; `delivered_to` adds the Received header of mail that came in."""
    content_headers, content = _content(letter)
    lines = [*_envelope(letter, delivered_to), *_headers(letter), "MIME-Version: 1.0", *content_headers]
    # Raw headers are the sender's charset unannounced; all others are ASCII by now.
    return "\n".join([*lines, "", ""]).encode(letter.charset) + content


def bytes_at(owner: Person, letter: Letter) -> bytes:
    """Return the message as it lies in the mailbox of `owner`, who wrote it or got it at one of the addresses."""
    if letter.sender.spec in owner.addresses:
        return to_bytes(letter, delivered_to=None)
    reached = sorted(letter.recipients & set(owner.addresses))
    return to_bytes(letter, delivered_to=reached[0] if reached else owner.addresses[-1])


def _envelope(letter: Letter, delivered_to: str | None) -> list[str]:
    if delivered_to is None:
        return []
    host, mark = letter.sender.spec.rpartition("@")[2], _digest(letter, "received")[:12]
    return [
        f"Delivered-To: {delivered_to}",
        f"Received: from mail.{host} (mail.{host} [192.0.2.{int(mark[:2], 16) % 254 + 1}])",
        f"\tby mx.tidewheel.example with ESMTPS id {mark} for <{delivered_to}>;",
        f"\t{format_datetime(letter.sent_at)}",
    ]


def _headers(letter: Letter) -> list[str]:
    lines: list[str] = []
    if "no-date" not in letter.flaws:
        lines.append(f"Date: {format_datetime(letter.sent_at)}")
    if "no-message-id" not in letter.flaws:
        lines.append(f"Message-ID: <{letter.message_id}>")
    lines.append(_addresses("From", (letter.sender,), letter))
    for name, addresses in (("To", letter.to), ("Cc", letter.cc), ("Bcc", letter.bcc)):
        if addresses:
            lines.append(_addresses(name, addresses, letter))
    lines.append(f"Subject: {_unstructured(letter.subject, letter)}")
    if letter.references:
        lines.append(f"In-Reply-To: <{letter.references[-1]}>")
        lines.append("References: " + "\n ".join(f"<{each}>" for each in letter.references))
    lines += [f"{name}: {value}" for name, value in letter.headers]
    return lines


def _addresses(header: str, addresses: tuple[Address, ...], letter: Letter) -> str:
    return f"{header}: " + ",\n ".join(_address(each, letter) for each in addresses)


def _address(address: Address, letter: Letter) -> str:
    if not address.name:
        return address.spec
    name = address.name
    if name.isascii() and SPECIALS & set(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address.spec}>'
    return f"{_unstructured(name, letter)} <{address.spec}>"


def _unstructured(text: str, letter: Letter) -> str:
    if text.isascii():
        return text
    if "raw-header" in letter.flaws and _can_encode(text, letter.charset):
        return text
    charset = letter.charset if _can_encode(text, letter.charset) else "utf-8"
    return "\n ".join(_encoded_words(text, charset))


def _encoded_words(text: str, charset: str) -> list[str]:
    """Split `text` into RFC 2047 words of at most 75 characters; no character is cut in two."""
    words: list[str] = []
    start = 0
    for end in range(1, len(text) + 1):
        if len(_encoded_word(text[start:end], charset)) > LONGEST_WORD:
            words.append(_encoded_word(text[start : end - 1], charset))
            start = end - 1
    return [*words, _encoded_word(text[start:], charset)]


def _encoded_word(text: str, charset: str) -> str:
    encoded = text.encode(charset)
    if charset.startswith(("iso-8859", "windows-1252")):
        return f"=?{charset}?q?{_q(encoded)}?="
    return f"=?{charset}?b?{base64.b64encode(encoded).decode()}?="


def _q(encoded: bytes) -> str:
    return "".join(
        "_" if byte == ord(" ") else chr(byte) if chr(byte).isalnum() and byte < ord("\x7f") else f"={byte:02X}"
        for byte in encoded
    )


def _content(letter: Letter) -> tuple[list[str], bytes]:
    match letter.layout:
        case "plain":
            headers, content = _text(letter, "plain", letter.text)
        case "html":
            headers, content = _text(letter, "html", html_of(letter.text))
        case "alternative":
            parts = (_text(letter, "plain", letter.text), _text(letter, "html", html_of(letter.text)))
            headers, content = _multipart(letter, "alternative", parts)
        case _:
            assert_never(letter.layout)
    if not letter.attachments:
        return headers, content
    return _multipart(letter, "mixed", ((headers, content), *map(_attached, letter.attachments)))


def _text(letter: Letter, subtype: str, text: str) -> tuple[list[str], bytes]:
    charset, transfer = letter.charset, letter.transfer
    if not _can_encode(text, charset):
        charset, transfer = "utf-8", "base64"
    declared = letter.declared_charset or charset
    headers = [
        f'Content-Type: text/{subtype}; charset="{declared}"',
        f"Content-Transfer-Encoding: {transfer}",
    ]
    return headers, _transferred(text.encode(charset), transfer)


def _transferred(content: bytes, transfer: Transfer) -> bytes:
    match transfer:
        case "7bit" | "8bit":
            return content
        case "quoted-printable":
            return quopri.encodestring(content)
        case "base64":
            return base64.encodebytes(content)
        case _:
            assert_never(transfer)


def _attached(attachment: Attachment) -> tuple[list[str], bytes]:
    name = attachment.filename
    # RFC 2231 for names beyond ASCII, a quoted string for the others.
    filename = f'filename="{name}"' if name.isascii() else f"filename*=utf-8''{quote(name, safe='')}"
    headers = [
        f"Content-Type: {attachment.content_type}",
        f"Content-Disposition: attachment; {filename}",
        "Content-Transfer-Encoding: base64",
    ]
    return headers, base64.encodebytes(attachment.content)


def _multipart(letter: Letter, subtype: str, parts: tuple[tuple[list[str], bytes], ...]) -> tuple[list[str], bytes]:
    boundary = f"=_{_digest(letter, subtype)[:24]}"
    pieces: list[bytes] = []
    for headers, content in parts:
        head = "\n".join([f"--{boundary}", *headers, "", ""]).encode()
        # The line end before a boundary belongs to the boundary.
        pieces.append(head + content + b"\n")
    return [f'Content-Type: multipart/{subtype}; boundary="{boundary}"'], b"".join(
        [*pieces, f"--{boundary}--\n".encode()]
    )


def _can_encode(text: str, charset: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _digest(letter: Letter, purpose: str) -> str:
    return hashlib.sha256(f"{purpose} {letter.message_id}".encode()).hexdigest()
