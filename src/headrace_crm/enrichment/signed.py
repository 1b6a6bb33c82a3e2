"""What a contact's signatures say together: pure, and the same for the same messages."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from headrace_crm.enrichment.profile import Claim, Field
from headrace_crm.enrichment.signatures.facts import Fact, Facts
from headrace_crm.mail.full_name import full_name

_REPEATED: Final = 0.02
"""What a fact gains by every other message that says the same."""
_SUREST: Final = 0.95


@dataclass(frozen=True, slots=True)
class Signed:
    """The facts of one message, and where they are from."""

    facts: Facts
    evidence: str


def claims_of(signed: Sequence[Signed], *, name: str, own: Collection[str] = ()) -> dict[Field, Claim]:
    """Claims out of the messages of a contact called `name`, the newest first; `own` addresses are told already.

    The newest message that says something about a field counts. A role held at another organisation than the
    newest one is over. A name is claimed only where mail headers give no full one.
    """
    claims: dict[Field, Claim] = {}
    organisation = _newest(signed, lambda facts: facts.organisation)
    if organisation is not None:
        claims["organisation"] = organisation
        signed_there = [each for each in signed if _is_at(each.facts, str(organisation.value))]
    else:
        signed_there = signed
    if title := _newest(signed_there, lambda facts: facts.title):
        claims["title"] = title
    if full_name(name) is None and (found := _newest(signed, lambda facts: facts.name)):
        claims["name"] = found
    _add_many(claims, signed, "phone", "other_phones", lambda facts: facts.phones)
    _add_many(claims, signed, "website", "other_links", lambda facts: facts.links)
    for each in signed:
        others = tuple(fact for fact in each.facts.addresses if fact.value not in own)
        if others:
            sure = min(fact.confidence for fact in others)
            claims["other_emails"] = Claim(tuple(fact.value for fact in others), sure, each.evidence)
            break
    return claims


def _is_at(facts: Facts, organisation: str) -> bool:
    return facts.organisation is None or _same(facts.organisation.value, organisation)


def _newest(signed: Iterable[Signed], pick: Callable[[Facts], Fact | None]) -> Claim | None:
    found: Claim | None = None
    for each in signed:
        fact = pick(each.facts)
        if fact is None:
            continue
        if found is None:
            found = Claim(fact.value, fact.confidence, each.evidence)
        elif _same(fact.value, str(found.value)):
            found = Claim(found.value, _surer(found.confidence), found.evidence)
    return found


def _add_many(
    claims: dict[Field, Claim],
    signed: Sequence[Signed],
    first: Field,
    others: Field,
    pick: Callable[[Facts], tuple[Fact, ...]],
) -> None:
    """The first of several values is the one to use; what older messages had besides is out of date."""
    newest = next((each for each in signed if pick(each.facts)), None)
    if newest is None:
        return
    values = [
        (fact.value, _seen(fact, [each for each in signed if each is not newest], pick)) for fact in pick(newest.facts)
    ]
    claims[first] = Claim(values[0][0], values[0][1], newest.evidence)
    if len(values) > 1:
        claims[others] = Claim(
            tuple(value for value, _ in values[1:]), min(sure for _, sure in values[1:]), newest.evidence
        )


def _seen(fact: Fact, older: Iterable[Signed], pick: Callable[[Facts], tuple[Fact, ...]]) -> float:
    confidence = fact.confidence
    for each in older:
        if any(other.value == fact.value for other in pick(each.facts)):
            confidence = _surer(confidence)
    return confidence


def _surer(confidence: float) -> float:
    return round(max(confidence, min(_SUREST, confidence + _REPEATED)), 3)


def _same(value: str, other: str) -> bool:
    return value.casefold() == other.casefold()
