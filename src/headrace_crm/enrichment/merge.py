"""One profile out of what several sources say: user-entered beats provider beats inferred."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, assert_never

import msgspec

from headrace_crm.enrichment.profile import FIELDS, Claim, Field, Source, Value

FACT: Final = 0.5
"""What is less sure than this is kept with its source and shown nowhere as a fact."""

POSITION: Final[tuple[Field, ...]] = ("title", "organisation")
"""The fields that say what a person does, and where."""


@dataclass(frozen=True, slots=True)
class Statement:
    """All claims of one source, and when it made them."""

    source: Source
    claims: Mapping[Field, Claim]
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class MergedField:
    """A field with the source that had the last word on it."""

    value: Value
    source: Source
    confidence: float
    fetched_at: datetime
    evidence: str = ""


def rank(source: Source) -> int:
    """2 for what the user entered, 1 for what a provider says, 0 for what was inferred."""
    match source:
        case "user":
            return 2
        case "x" | "pdl" | "clearbit":
            return 1
        case "signature":
            return 0
        case _:
            assert_never(source)


def merge(statements: Iterable[Statement]) -> dict[Field, MergedField]:
    """The best claim about each field, in the order of `FIELDS`; the order of the statements does not matter.

    Rank decides first, then confidence, then the newer one, then the source's name. Claims below `FACT` do not
    count; what the user entered always does.
    """
    best: dict[Field, tuple[tuple[int, float, datetime, str], MergedField]] = {}
    for statement in statements:
        standing = rank(statement.source)
        for name, claim in statement.claims.items():
            if claim.confidence < FACT and statement.source != "user":
                continue
            key = (standing, claim.confidence, statement.fetched_at, statement.source)
            if name not in best or key > best[name][0]:
                found = MergedField(
                    claim.value, statement.source, claim.confidence, statement.fetched_at, claim.evidence
                )
                best[name] = (key, found)
    return {name: best[name][1] for name in FIELDS if name in best}


def merged_hash(fields: Mapping[Field, MergedField]) -> str:
    """A digest of values and sources; what was only fetched again, or is now more certain, is the same."""
    content = sorted((name, found.value, found.source) for name, found in fields.items())
    return sha256(msgspec.json.encode(content)).hexdigest()


def changed_fields(before: Mapping[Field, MergedField], after: Mapping[Field, MergedField]) -> tuple[Field, ...]:
    """The fields whose value or source differs, in the order of `FIELDS`."""

    def shown(fields: Mapping[Field, MergedField], name: Field) -> tuple[Value, Source] | None:
        return (fields[name].value, fields[name].source) if name in fields else None

    return tuple(name for name in FIELDS if shown(before, name) != shown(after, name))


@dataclass(frozen=True, slots=True)
class PositionChange:
    """A role or an organisation in whose place another is known now, by this source, found in this evidence."""

    field: Field
    old: str
    new: str
    source: Source
    evidence: str


def position_changes(
    before: Mapping[Field, MergedField], after: Mapping[Field, MergedField]
) -> tuple[PositionChange, ...]:
    """The positions that are others now. What was learned for the first time, or is no longer known, is no change."""
    return tuple(
        PositionChange(name, str(before[name].value), str(after[name].value), after[name].source, after[name].evidence)
        for name in POSITION
        if name in before and name in after and before[name].value != after[name].value
    )
