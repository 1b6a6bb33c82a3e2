"""One answer before it is HTTP: services make them, alone or for the parts of a batch."""

from dataclasses import dataclass
from typing import Any

import msgspec

JSON = "application/json; charset=UTF-8"

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and headers; `Content-Length` and encoding are the edge's."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def json_answer(value: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """An answer of JSON."""
    return Answer(status, _encoder.encode(value), (("Content-Type", JSON), *headers))
