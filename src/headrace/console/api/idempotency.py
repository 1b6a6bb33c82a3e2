"""A write under an Idempotency-Key is done once, and answered alike each time it is sent."""

import hashlib
from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from headrace.console.access.problem import Problem, ProblemError
from headrace.console.access.recording import Earlier, Key

HEADER = "idempotency-key"
REPLAYED = "idempotency-replayed"
LONGEST_KEY = 200


def key_of(request: Request, content: bytes) -> Key | None:
    """The key of a request, None where it has none. Raises ProblemError (422) for one that cannot be."""
    text = request.headers.get(HEADER)
    if text is None:
        return None
    if not 1 <= len(text) <= LONGEST_KEY or not (text.isascii() and text.isprintable()):
        raise ProblemError(Problem(422, f"Idempotency-Key has 1 to {LONGEST_KEY} printable ASCII characters"))
    asked = hashlib.sha256()
    for part in (request.method.encode(), request.url.path.encode(), request.url.query.encode(), content):
        asked.update(len(part).to_bytes(8, "big") + part)
    return Key(text, asked.digest())


def repeated(earlier: Earlier, key: Key) -> Response:
    """What the first request under this key was answered with.

    Raises ProblemError: 422 where that one asked for something else, 409 while it is not known what came of it.
    """
    if earlier.fingerprint != key.fingerprint:
        raise ProblemError(Problem(422, f"Idempotency-Key {key.text!r} stands for another request; use a new one"))
    if earlier.status is None:
        raise ProblemError(
            Problem(409, f"a request under Idempotency-Key {key.text!r} has not ended", {"retry-after": "1"})
        )
    return Response(
        earlier.answer or b"null",
        status_code=earlier.status,
        media_type="application/json",
        headers={REPLAYED: "true", "cache-control": "no-store", **_where(earlier)},
    )


class _Addressed(msgspec.Struct):
    """What of an answer says where to look for the rest."""

    address: str | None = None


def _where(earlier: Earlier) -> dict[str, str]:
    """The header that leads to what goes on since then."""
    if earlier.status != HTTPStatus.ACCEPTED or earlier.answer is None:
        return {}
    address = msgspec.json.decode(earlier.answer, type=_Addressed).address
    return {} if address is None else {"location": address}
