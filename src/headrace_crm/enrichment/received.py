"""An answer as it is kept from the moment it came until it is merged, so that nobody has to ask for it twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

import msgspec

from headrace_crm.enrichment.outcome import Found, Nothing, Refused
from headrace_crm.enrichment.provider import Posts


@dataclass(frozen=True, slots=True)
class Looking:
    """The provider is looking; it is asked again at `again_at`, unless its webhook answers first."""

    again_at: datetime


Kept: TypeAlias = Found | Posts | Nothing | Refused | Looking


@dataclass(frozen=True, slots=True)
class Received:
    """An answer, and the moment it came."""

    answer: Kept
    at: datetime


_KINDS: Final[Mapping[str, type[Kept]]] = {
    "found": Found,
    "posts": Posts,
    "none": Nothing,
    "refused": Refused,
    "looking": Looking,
}
_NAMES: Final[Mapping[type[Kept], str]] = {kind: name for name, kind in _KINDS.items()}


class _Document(msgspec.Struct, frozen=True):
    kind: str
    at: datetime
    answer: msgspec.Raw


_document: Final = msgspec.json.Decoder(_Document)


def encode_received(received: Received) -> str:
    """It as JSON, as it is stored."""
    answer = msgspec.Raw(msgspec.json.encode(received.answer))
    return msgspec.json.encode(_Document(_NAMES[type(received.answer)], received.at, answer)).decode()


def decode_received(text: str) -> Received:
    """It out of what `encode_received` made of it.

    >>> from datetime import UTC
    >>> came = Received(Refused("no such address", "person"), datetime(2031, 5, 1, tzinfo=UTC))
    >>> decode_received(encode_received(came)) == came
    True
    """
    document = _document.decode(text)
    return Received(msgspec.json.decode(document.answer, type=_KINDS[document.kind]), document.at)
