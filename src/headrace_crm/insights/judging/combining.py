"""What rules and a language model found about one person, each fact once: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from headrace_crm.insights.model import Finding, Kind
from headrace_crm.insights.rules import OWED, SAYS_WHY
from headrace_crm.insights.settle import Known

_REPLIES: Final[frozenset[Kind]] = frozenset({*OWED, "waiting_for_reply"})


def combine(
    found: Iterable[Finding],
    judged: Iterable[Finding],
    *,
    known: Mapping[str, Known],
    threads: Mapping[int, int],
    last: int | None,
) -> tuple[Finding, ...]:
    """All of `found` by rules, and of `judged` what rules did not find, by key.

    Two findings are of one fact that ask for a reply in one thread, or say what is to be done about one message;
    `threads` tells the thread of each message. The one that was told before stays, so that nobody is told twice; else
    the rule's. That somebody goes cold is not told where the model says why: `last` is the newest message between them.
    """
    kept = {each.key: each for each in found}
    for one in (_as_told(each, known) for each in judged):
        same = kept.get(one.key)
        if same is not None:
            if _is_told(one, known):
                # Told under the model's word for what it rests on, it would be news under the rule's.
                kept[one.key] = replace(same, fingerprint=one.fingerprint)
            continue
        clashing = [each for each in kept.values() if _clash(each, one, threads)]
        if clashing and (not _is_told(one, known) or any(_is_told(each, known) for each in clashing)):
            continue
        for each in clashing:
            del kept[each.key]
        kept[one.key] = one
    says_why = any(last in each.message_ids for each in kept.values() if each.kind in SAYS_WHY)
    return tuple(kept[key] for key in sorted(kept) if not (says_why and kept[key].kind == "going_cold"))


def _as_told(one: Finding, known: Mapping[str, Known]) -> Finding:
    """The finding under the kind it was told of: a model may call a letter a question today, and a promise tomorrow."""
    if one.kind not in OWED:
        return one
    for kind in sorted(OWED - {one.kind}):
        named = replace(one, kind=kind, key=one.key.replace(one.kind, kind, 1))
        if _is_told(named, known):
            return named
    return one


def _is_told(one: Finding, known: Mapping[str, Known]) -> bool:
    before = known.get(one.key)
    return before is not None and before.fingerprint == one.fingerprint


def _clash(one: Finding, other: Finding, threads: Mapping[int, int]) -> bool:
    if one.kind not in SAYS_WHY or other.kind not in SAYS_WHY:
        return False
    if one.kind in _REPLIES and other.kind in _REPLIES:
        return bool(_threads(one, threads) & _threads(other, threads))
    return not set(one.message_ids).isdisjoint(other.message_ids)


def _threads(one: Finding, threads: Mapping[int, int]) -> set[int]:
    return {threads[each] for each in one.message_ids if each in threads}
