"""Several calls in one request, as Google's batch interface packs them: pure.

Source: Gmail API guide, "Batching requests". Each part is an HTTP request or answer of its own; answers come in any
order and are told apart by Content-ID, which the server prefixes with `response-`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from headrace_crm.mail.provider import UnavailableError

MOST_CALLS: Final = 50
"""Google takes a hundred and advises against more than fifty."""

_BOUNDARY: Final = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)
_CONTENT_ID: Final = re.compile(rb"^content-id:\s*<?(?:response-)?call-(\d+)>?\s*$", re.IGNORECASE | re.MULTILINE)
_STATUS: Final = re.compile(rb"HTTP/\d(?:\.\d)?\s+(\d{3})")


@dataclass(frozen=True, slots=True)
class Part:
    """One answer of a batch."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def pack(paths: Sequence[str], *, boundary: str) -> bytes:
    """The body of a batch of GET requests; `boundary` must not occur in them."""
    parts = (
        f"--{boundary}\r\nContent-Type: application/http\r\nContent-ID: <call-{number}>\r\n\r\n"
        f"GET {path} HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n"
        for number, path in enumerate(paths)
    )
    return ("".join(parts) + f"--{boundary}--\r\n").encode()


def unpack(content_type: str, body: bytes, *, count: int) -> list[Part | None]:
    """The answers of `count` calls, in their order; None where there is none.

    Raises UnavailableError where the body is not what it says it is, or ends before its end.
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise UnavailableError(f"a batch was answered as {content_type[:100]!r}, not in parts; it is sent again")
    delimiter = b"--" + found[1].strip().encode()
    pieces = (b"\r\n" + body).split(b"\n" + delimiter)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):  # noqa: PLR2004 - what is before the first, and the end
        raise UnavailableError("the answer to a batch ends before its end; it is sent again")
    parts: list[Part | None] = [None] * count
    for piece in pieces[1:-1]:
        outer, _, inner = piece.partition(_blank_line(piece))
        number = _CONTENT_ID.search(outer)
        if number is not None and int(number[1]) < count:
            parts[int(number[1])] = _part(inner)
    return parts


def _part(inner: bytes) -> Part | None:
    head, _, body = inner.partition(_blank_line(inner))
    first, _, rest = head.lstrip().partition(b"\n")
    status = _STATUS.match(first)
    if status is None:
        return None
    lines = (line.partition(":") for line in rest.decode("latin-1").splitlines())
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    return Part(int(status[1]), headers, body.strip())


def _blank_line(text: bytes) -> bytes:
    crlf, lf = text.find(b"\r\n\r\n"), text.find(b"\n\n")
    return b"\r\n\r\n" if crlf >= 0 and (lf < 0 or crlf < lf) else b"\n\n"
