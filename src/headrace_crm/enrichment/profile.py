"""What one source says about one person: claims, each about a field, each with how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import msgspec

Source: TypeAlias = Literal["user", "signature", "x", "pdl", "clearbit"]
Asked: TypeAlias = Literal["x", "pdl", "clearbit"]
"""The sources that are asked over the network, and may cost money."""
ASKED: Final[tuple[Asked, ...]] = ("x", "pdl", "clearbit")
LABELS: Final[Mapping[Source, str]] = {
    "user": "entered by you",
    "signature": "from their mail",
    "x": "X",
    "pdl": "LinkedIn profile (through People Data Labs)",
    "clearbit": "Clearbit (legacy)",
}

Field: TypeAlias = Literal[
    "name",
    "title",
    "organisation",
    "location",
    "bio",
    "website",
    "other_links",
    "phone",
    "other_phones",
    "other_emails",
    "x_handle",
    "linkedin_url",
    "topics",
    "activity",
    "last_active_at",
    "followers",
]
FIELDS: Final[tuple[Field, ...]] = (
    "name",
    "title",
    "organisation",
    "location",
    "bio",
    "website",
    "other_links",
    "phone",
    "other_phones",
    "other_emails",
    "x_handle",
    "linkedin_url",
    "topics",
    "activity",
    "last_active_at",
    "followers",
)
Value: TypeAlias = str | int | tuple[str, ...]
Way: TypeAlias = Literal["phone", "mail"]
REACH: Final[Mapping[Field, Way]] = MappingProxyType(
    {"phone": "phone", "other_phones": "phone", "other_emails": "mail"}
)
"""The fields that tell how somebody is reached, and in which way."""
Network: TypeAlias = Literal["x", "linkedin"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One field as one source has it; `confidence` is between 0, a guess, and 1, certain.

    `evidence` says where it was found, such as `message 17`; empty where the source itself is all there is.
    """

    value: Value
    confidence: float
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Handle:
    """A name on a network that may be the person's: `handle` is lower-case, `evidence` says where it was found."""

    network: Network
    handle: str
    confidence: float
    evidence: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything one source says about a person at one time, and the handles it knows them by."""

    claims: Mapping[Field, Claim]
    handles: tuple[Handle, ...] = field(default=())

    def __post_init__(self) -> None:
        wrong = {name: claim.confidence for name, claim in self.claims.items() if not 0 <= claim.confidence <= 1}
        if wrong:
            raise ValueError(f"a confidence must be between 0 and 1, got {wrong}")


def content_hash(claims: Mapping[Field, Claim]) -> str:
    """A digest of values and confidences that is the same for the same content in any order, found anywhere.

    >>> content_hash({"name": Claim("Ada", 0.5)}) == content_hash({"name": Claim("Ada", 0.50001)})
    True
    """
    content = sorted((name, claim.value, round(claim.confidence, 3)) for name, claim in claims.items())
    return sha256(msgspec.json.encode(content)).hexdigest()


def claim_texts(confidence: float, values: Mapping[Field, object]) -> dict[Field, Claim]:
    """Claims of one confidence, those without a value left out: None, blank text, an empty list.

    Text is trimmed and cut after 2,000 characters, a list after 20 entries.
    """
    claims: dict[Field, Claim] = {}
    for name, value in values.items():
        kept = _kept(value)
        if kept is not None:
            claims[name] = Claim(kept, confidence)
    return claims


def moment_text(moment: datetime) -> str:
    """A moment as a claim has it: UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


_LONGEST_TEXT: Final = 2_000
_MOST_ENTRIES: Final = 20


def _kept(value: object) -> Value | None:
    match value:
        case str():
            # PostgreSQL stores no NUL.
            return value.replace("\0", "").strip()[:_LONGEST_TEXT] or None
        case bool():
            return None
        case int():
            return value
        case list() | tuple():
            texts = tuple(text for each in value if isinstance(each, str) and (text := _kept(each)) is not None)  # pyright: ignore[reportUnknownVariableType] - whatever a provider listed
            return tuple(str(text) for text in texts[:_MOST_ENTRIES]) or None
        case _:
            return None
