"""Threads where one side waits for the other: pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Literal

from headrace_crm.analytics.figures import STALE
from headrace_crm.insights.importance import importance
from headrace_crm.insights.model import Finding, Kind, Letter, Picture, days
from headrace_crm.insights.question import is_closing, question_in
from headrace_crm.insights.rhythm import Answers, answers_by

PATIENCE: Final = timedelta(days=1)
"""Nobody owes an answer before a day is over, and nobody is reminded of one before two."""
MOST_ADDRESSED: Final = 3
"""A letter to more people than that asks nobody in particular."""
_HABIT: Final = 0.5
_FEWEST_TURNS: Final = 2
_URGENCY: Final[dict[Kind, float]] = {"unanswered_question": 0.9, "owes_reply": 0.7, "waiting_for_reply": 0.7}


def waiting_threads(picture: Picture, *, now: datetime) -> list[Finding]:
    """One finding for each thread whose newest letter waits for an answer: of the owner, or of the person.

    The letter must name the one who is to answer in To, among three at most, be older than a day (of the owner's own:
    two) and than twice the usual time to an answer, and younger than 60 days. Nothing must have come after it, neither
    in its thread by anybody nor elsewhere by the one who is to answer. It must ask something; or that one answers at
    least half of such letters, and it is not just a thank-you.
    """
    ours, theirs = answers_by("sent", picture.letters), answers_by("received", picture.letters)
    found: list[Finding] = []
    for letter in _last_of_threads(picture):
        age = now - letter.sent_at
        if age > STALE or not letter.is_direct or letter.to_count > MOST_ADDRESSED:
            continue
        if letter.direction == "received":
            found += _owed(picture, letter, age, ours)
        else:
            found += _awaited(picture, letter, age, theirs)
    return found


def _owed(picture: Picture, letter: Letter, age: timedelta, habit: Answers) -> list[Finding]:
    # Whom the owner never wrote to may well be selling something.
    knows_them = any(each.direction == "sent" for each in picture.letters)
    if not knows_them or age < max(PATIENCE, 2 * (habit.median or PATIENCE) if habit.answered else PATIENCE):
        return []
    asked = question_in(letter.text)
    if asked is None and (is_closing(letter.text) or not _is_usual(habit)):
        return []
    kind: Literal["unanswered_question", "owes_reply"] = "owes_reply" if asked is None else "unanswered_question"
    waited, name = waited_for(age), picture.contact.name
    told = (
        f"{name} wrote \u201c{subject_of(letter)}\u201d {waited} ago, and you have not answered"
        if asked is None
        else f"{name} asked {waited} ago in \u201c{subject_of(letter)}\u201d: {asked}"
    )
    return [_finding(kind, picture, letter, age=age, habit=habit, text=told)]


def _awaited(picture: Picture, letter: Letter, age: timedelta, habit: Answers) -> list[Finding]:
    writes_at_all = any(each.direction == "received" for each in picture.letters)
    if not writes_at_all or age < max(2 * PATIENCE, 2 * (habit.median or PATIENCE)):
        return []
    asked = question_in(letter.text)
    if asked is None and (is_closing(letter.text) or not _is_usual(habit)):
        return []
    told = f"{picture.contact.name} has not answered \u201c{subject_of(letter)}\u201d for {waited_for(age)}"
    if asked is not None:
        told += f"; you asked: {asked}"
    return [_finding("waiting_for_reply", picture, letter, age=age, habit=habit, text=told)]


def _finding(kind: Kind, picture: Picture, letter: Letter, *, age: timedelta, habit: Answers, text: str) -> Finding:
    numbers = {"waited_days": round(days(age), 1), "answered_share": round(habit.share, 2)}
    if habit.median is not None:
        numbers["usual_hours"] = round(habit.median / timedelta(hours=1), 1)
    return Finding(
        kind,
        f"{kind}:{picture.contact.id}:{letter.thread_id}",
        str(letter.message_id),
        urgency(kind, letter, waited=age, habit=habit) * importance(picture.letters),
        text,
        (letter.message_id,),
        numbers,
    )


def urgency(kind: Kind, letter: Letter, *, waited: timedelta, habit: Answers) -> float:
    """From 0 to 1: the more the longer it waits beside what is usual, and the less the more people were asked."""
    usual = max(habit.median or PATIENCE, PATIENCE)
    return _URGENCY[kind] * (1.0 - 1.0 / (1.0 + waited / usual)) / letter.to_count**0.5


def _last_of_threads(picture: Picture) -> Iterator[Letter]:
    """The letter that ends each thread, where nobody wrote after it, and the one to answer did not write elsewhere."""
    last: dict[int, Letter] = {each.thread_id: each for each in picture.letters}
    wrote_at = {each.direction: each.sent_at for each in picture.letters}
    for letter in last.values():
        last_at = picture.threads.get(letter.thread_id)
        if last_at is None or last_at > letter.sent_at:
            continue
        other = wrote_at.get("sent" if letter.direction == "received" else "received")
        if other is None or other <= letter.sent_at:
            yield letter


def _is_usual(habit: Answers) -> bool:
    return habit.turns >= _FEWEST_TURNS and habit.share >= _HABIT


def subject_of(letter: Letter) -> str:
    """What it is called."""
    return letter.subject or "(no subject)"


def waited_for(age: timedelta) -> str:
    """A span in whole days, as it is told."""
    whole = age.days
    return "a day" if whole <= 1 else f"{whole} days"
