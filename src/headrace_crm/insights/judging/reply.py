"""What a language model answered, read and checked: pure. What does not hold is left out, and counted by why."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from headrace_crm.insights.judging.model import JUDGED_KINDS, JudgedKind, Proposal, Span
from headrace_crm.insights.judging.prompt import CHARS_EACH, LONGEST_QUOTE, MOST_PROPOSALS, SHORTEST_QUOTE
from headrace_crm.insights.model import Letter
from headrace_crm.mail.full_name import full_name
from headrace_crm.search.answer import links_in
from headrace_crm.search.llm import LlmError, decode_reply

FARTHEST_DUE: Final = timedelta(days=366)
_LONGEST_REPLY: Final = 20_000
_LONGEST_NAME: Final = 100

Why: TypeAlias = Literal["form", "kind", "letter", "quote", "link", "direction", "day", "name", "twice", "many"]
"""Why something a model said is left out; never its own words, which may be those of a letter."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What holds of a reply, and how much was left out of it, by why."""

    proposals: tuple[Proposal, ...]
    dropped: Mapping[Why, int]


class _Reply(msgspec.Struct):
    insights: list[msgspec.Raw]


class _Said(msgspec.Struct):
    kind: str
    letter: int
    quote: str
    due: str | None = None
    name: str | None = None


def read_reply(said: str, letters: Sequence[Letter]) -> Reply:
    """What a model proposed about these letters, in the order it was shown them.

    Raises LlmError where nothing can be read.
    """
    if len(said) > _LONGEST_REPLY:
        raise LlmError(f"the model's answer has {len(said)} characters; up to {_LONGEST_REPLY} are read")
    proposals: list[Proposal] = []
    dropped: Counter[Why] = Counter()
    for raw in decode_reply(said, _Reply).insights:
        read = _read(raw, letters)
        if isinstance(read, str):
            dropped[read] += 1
        elif any((each.kind, each.message_id) == (read.kind, read.message_id) for each in proposals):
            dropped["twice"] += 1
        elif len(proposals) == MOST_PROPOSALS:
            dropped["many"] += 1
        else:
            proposals.append(read)
    return Reply(tuple(proposals), dict(sorted(dropped.items())))


def _read(raw: msgspec.Raw, letters: Sequence[Letter]) -> Proposal | Why:
    try:
        said = msgspec.json.decode(raw, type=_Said)
    except msgspec.DecodeError:
        return "form"
    if said.kind not in JUDGED_KINDS:
        return "kind"
    if not 1 <= said.letter <= len(letters):
        return "letter"
    return _checked(said, said.kind, letters[said.letter - 1])


def _checked(said: _Said, kind: JudgedKind, letter: Letter) -> Proposal | Why:
    # What they ask and say of themselves stands in letters of theirs.
    if kind in {"unanswered_question", "changed_role", "introduction"} and letter.direction != "received":
        return "direction"
    name = _name(said.name or "", letter) if kind == "introduction" else None
    if kind == "introduction" and name is None:
        return "name"
    due = _day(said.due, letter) if said.due else None
    if due is None and (said.due or kind == "meeting_follow_up"):
        return "day"
    if links_in(said.quote):
        return "link"
    quote = _find(said.quote, letter) if SHORTEST_QUOTE <= len(said.quote.strip()) <= LONGEST_QUOTE else None
    return "quote" if quote is None else Proposal(kind, letter.message_id, quote, due, name)


def _name(wanted: str, letter: Letter) -> Span | None:
    return _find(wanted, letter) if len(wanted) <= _LONGEST_NAME and full_name(wanted) is not None else None


def _find(words: str, letter: Letter) -> Span | None:
    """Where a letter has these words, in the part that was shown; lines may be broken elsewhere."""
    # A blank for each run of them, and nothing else that could be tried twice at one place.
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    found = re.search(pattern, letter.text[:CHARS_EACH]) if pattern else None
    return None if found is None else found.span()


def _day(said: str, letter: Letter) -> date | None:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return None
    written = letter.sent_at.astimezone(UTC).date()
    return day if written <= day <= written + FARTHEST_DUE else None
