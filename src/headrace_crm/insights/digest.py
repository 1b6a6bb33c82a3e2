"""What an owner is told on a day, as text: pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final

from headrace_crm.insights.model import Kind, State
from headrace_crm.insights.reading import Insight

MOST: Final = 10
MOST_OF_A_KIND: Final = 4
TITLES: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        "unanswered_question": "Questions you have not answered",
        "owes_reply": "Letters you have not answered",
        "waiting_for_reply": "Answers you wait for",
        "meeting_follow_up": "After a meeting",
        "going_cold": "Going cold",
        "changed_role": "New roles",
        "changed_address": "New addresses",
        "introduction": "Introductions to make",
        "birthday": "Birthdays",
    }
)


_OVER: Final[Mapping[State, str]] = MappingProxyType(
    {"open": "", "accepted": " [accepted]", "dismissed": " [dismissed]", "expired": " [over]"}
)


def choose(ranked: Iterable[Insight]) -> list[Insight]:
    """The ten best of what is ranked, with at most four of a kind, so that one kind does not hide the others."""
    counts: Counter[Kind] = Counter()
    chosen: list[Insight] = []
    for insight in ranked:
        if len(chosen) < MOST and counts[insight.kind] < MOST_OF_A_KIND:
            counts[insight.kind] += 1
            chosen.append(insight)
    return chosen


def digest_text(chosen: Sequence[Insight], *, day: date, open_count: int) -> str:
    """A text of a few lines: what was chosen by kind, in order of the best of each, and how much more there is."""
    if not chosen:
        return f"{day}: nothing to do about anybody today."
    lines = [f"{day}: {_count(len(chosen))} worth doing"]
    kinds: dict[Kind, None] = {each.kind: None for each in chosen}
    for kind in kinds:
        lines += ["", TITLES[kind]]
        lines += [f"  - {each.text}{_OVER[each.state]}" for each in chosen if each.kind == kind]
    more = open_count - len(chosen)
    if more > 0:
        lines += ["", f"{more} more: crm insights"]
    return "\n".join(lines)


def _count(count: int) -> str:
    return "one thing" if count == 1 else f"{count} things"
