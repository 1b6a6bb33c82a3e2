"""Many calls in one request: multipart/mixed in, multipart/mixed out (RFC 2046, each part an HTTP message)."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from headrace_crm.sandbox.answer import Answer
from headrace_crm.sandbox.google.call import Call, call_of

MOST_CALLS: Final = 100
_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_HEADERS_END: Final = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Part:
    """One call of a batch, and the Content-ID it goes under."""

    content_id: str | None
    call: Call


def read_batch(content_type: str, body: bytes, *, headers: Mapping[str, str]) -> list[Part] | None:
    """The calls of a batch; None where it is none, or a part of it is no request.

    `headers` are those of the whole request: a part without an `Authorization` of its own has that one.
    """
    found = _BOUNDARY.search(content_type)
    if found is None or not content_type.lower().startswith("multipart/mixed"):
        return None
    pieces = (b"\r\n" + body).split(b"\n--" + found[1].encode())
    parts = [_part(piece, headers) for piece in pieces[1:] if not piece.startswith(b"--")]
    return [part for part in parts if part is not None] if parts and None not in parts else None


def write_batch(answers: list[tuple[str | None, Answer]]) -> Answer:
    """The answers under their Content-IDs, in the same order."""
    boundary = f"batch_{secrets.token_urlsafe(24)}"
    body = b"".join(_written(boundary, content_id, answer) for content_id, answer in answers)
    content_type = f"multipart/mixed; boundary={boundary}"
    return Answer(200, body + f"--{boundary}--\r\n".encode(), (("Content-Type", content_type),))


def _part(piece: bytes, outer: Mapping[str, str]) -> Part | None:
    head, _, rest = _split(piece.removeprefix(b"\r").removeprefix(b"\n"))
    request, _, body = _split(rest)
    line, _, fields = request.partition(b"\n")
    words = line.decode("latin-1").split()
    if len(words) < 2:  # noqa: PLR2004 - verb and target
        return None
    headers = {"authorization": outer.get("authorization", ""), **_fields(fields)}
    call = call_of(words[0], words[1], headers=headers, body=body.removesuffix(b"\r"))
    return Part(_fields(head).get("content-id"), call)


def _split(text: bytes) -> tuple[bytes, bytes, bytes]:
    found = _HEADERS_END.search(text)
    return (text, b"", b"") if found is None else (text[: found.start()], found[0], text[found.end() :])


def _fields(text: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in text.decode("latin-1").splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in lines if colon}


def _written(boundary: str, content_id: str | None, answer: Answer) -> bytes:
    lines = [f"--{boundary}", "Content-Type: application/http"]
    if content_id is not None:
        lines.append(f"Content-ID: <response-{content_id.strip('<>')}>")
    lines += ["", f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    lines += [f"Content-Length: {len(answer.body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + answer.body + b"\r\n"
