"""What of a language model's proposals holds now, in words of ours and of letters, and numbers of ours: pure."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Final, assert_never

from headrace_crm.analytics.figures import STALE
from headrace_crm.insights.changes import fresh
from headrace_crm.insights.importance import importance
from headrace_crm.insights.introductions import introduction
from headrace_crm.insights.judging.model import Judgement, Proposal, Span, digest
from headrace_crm.insights.meetings import met_on
from headrace_crm.insights.model import Finding, Letter, Picture, days
from headrace_crm.insights.replies import PATIENCE, subject_of, urgency, waited_for
from headrace_crm.insights.rhythm import answers_by
from headrace_crm.insights.rules import as_of
from headrace_crm.mail.full_name import full_name
from headrace_crm.scores.model import Direction
from headrace_crm.search.plain import plain

SURENESS: Final = 0.8
"""What a score counts that a model led to: rules err less."""


def judged(picture: Picture, judgement: Judgement, *, now: datetime) -> tuple[Finding, ...]:
    """The findings that proposals lead to at `now`, in their order, each key once; letters that are later are not seen.

    A proposal holds while its letter says what it said. What somebody owes or promised is told a day after the letter
    (of the person: two), and after the day it was due; it is over once the one to act writes anything that the model
    was not shown, somebody else wrote last in the thread, or the letter is 60 days old.
    """
    seen = as_of(picture, now=now)
    letters = {each.message_id: each for each in seen.letters}
    found: dict[str, Finding] = {}
    for proposal in judgement.proposals:
        letter = letters.get(proposal.message_id)
        if letter is None or digest(letter) != judgement.letters.get(letter.message_id):
            continue
        finding = _finding(seen, letter, proposal, judgement, now)
        if finding is not None and finding.key not in found:
            found[finding.key] = replace(finding, score=SURENESS * finding.score, found_by=judgement.by)
    return tuple(found.values())


def names_proposed(picture: Picture, judgement: Judgement) -> frozenset[str]:
    """The folded full names of those whom a judgement has the owner introduce the person to."""
    letters = {each.message_id: each for each in picture.letters}
    found = {
        full_name(_cut(letters[each.message_id], each.name))
        for each in judgement.proposals
        if each.name is not None and each.message_id in letters
    }
    return frozenset(name for name in found if name is not None)


def _finding(
    picture: Picture, letter: Letter, proposal: Proposal, judgement: Judgement, now: datetime
) -> Finding | None:
    match proposal.kind:
        case "unanswered_question" | "owes_reply" | "waiting_for_reply":
            return _open_matter(picture, letter, proposal, judgement, now)
        case "meeting_follow_up":
            if proposal.due is None:
                return None
            return met_on(proposal.due, picture, letter, subject=letter.subject, now=now)
        case "changed_role":
            return _new_role(picture, letter, proposal, now)
        case "introduction":
            name = full_name(_cut(letter, proposal.name))
            return None if name is None else introduction(picture, letter, name, now=now)
        case _:
            assert_never(proposal.kind)


def _open_matter(
    picture: Picture, letter: Letter, proposal: Proposal, judgement: Judgement, now: datetime
) -> Finding | None:
    kind = proposal.kind
    side: Direction = "received" if kind == "waiting_for_reply" else "sent"
    patience = 2 * PATIENCE if side == "received" else PATIENCE
    waits_since = letter.sent_at + patience
    if proposal.due is not None:
        waits_since = max(waits_since, datetime.combine(proposal.due + timedelta(days=1), time.min, UTC))
    age = now - letter.sent_at
    if now < waits_since or age > STALE:
        return None
    shown = max(judgement.seen_through, letter.sent_at)
    if any(each.direction == side and each.sent_at > shown for each in picture.letters):
        return None
    # Somebody else may have answered for either of them.
    last = max(each.sent_at for each in picture.letters if each.thread_id == letter.thread_id)
    if picture.threads.get(letter.thread_id, last) > last:
        return None
    habit = answers_by(side, picture.letters)
    return Finding(
        kind,
        f"{kind}:{picture.contact.id}:{letter.thread_id}",
        str(letter.message_id),
        urgency(kind, letter, waited=age, habit=habit) * importance(picture.letters),
        _told(picture.contact.name, letter, proposal, age),
        (letter.message_id,),
        {"waited_days": round(days(age), 1)},
    )


def _told(name: str, letter: Letter, proposal: Proposal, age: timedelta) -> str:
    who = f"You told {name}" if letter.direction == "sent" else f"{name} told you"
    if proposal.kind == "unanswered_question":
        who = f"{name} asked you"
    due = "" if proposal.due is None else f", for {proposal.due}"
    quote = _quoted(letter, proposal.quote)
    return f"{who} {waited_for(age)} ago in \u201c{subject_of(letter)}\u201d: {quote}; that is open{due}"


def _new_role(picture: Picture, letter: Letter, proposal: Proposal, now: datetime) -> Finding:
    age = now - letter.sent_at
    return Finding(
        "changed_role",
        f"changed_role:{picture.contact.id}",
        f"message {letter.message_id}",
        fresh(age) * importance(picture.letters),
        f"{picture.contact.name} wrote {waited_for(age)} ago of a new role: {_quoted(letter, proposal.quote)}",
        (letter.message_id,),
        {"days_ago": round(days(age))},
    )


def _quoted(letter: Letter, span: Span) -> str:
    return f"\u201c{' '.join(plain(_cut(letter, span)).split())}\u201d"


def _cut(letter: Letter, span: Span | None) -> str:
    return "" if span is None else " ".join(letter.text[span[0] : span[1]].split())
