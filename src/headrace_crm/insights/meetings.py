"""A meeting has been, and neither side has written since: pure."""

from datetime import UTC, date, datetime
from typing import Final

from headrace_crm.insights.importance import importance
from headrace_crm.insights.meeting_day import day_named_in, is_about_meeting, is_called_off
from headrace_crm.insights.model import Finding, Letter, Picture

FOLLOW_UP_FOR: Final = 10
"""Days after a meeting on which a word about it is still welcome."""
_URGENCY: Final = 0.8


def met_without_word(picture: Picture, *, now: datetime) -> list[Finding]:
    """One finding for a meeting of the last ten days, agreed on by mail, where nobody has written since its day began.

    Both must have written in the thread, and a letter in it must name the day; the last day that was named counts. A
    meeting that the thread called off was none. Of several meetings the last one is told.
    """
    threads: dict[int, list[Letter]] = {}
    for letter in picture.letters:
        threads.setdefault(letter.thread_id, []).append(letter)
    found: list[Finding] = []
    for letters in threads.values():
        if {each.direction for each in letters} != {"sent", "received"}:
            continue
        if not any(is_about_meeting(f"{each.subject}\n{each.text}") for each in letters):
            continue
        # The subject is that of the first letter, and its weekday is meant from there.
        named = [
            (day, each)
            for number, each in enumerate(letters)
            if (
                day := day_named_in(
                    each.text if number else f"{each.subject}\n{each.text}",
                    written_on=each.sent_at.astimezone(UTC).date(),
                )
            )
        ]
        if not named or any(is_called_off(each.text) for each in letters[1:]):
            continue
        day, letter = named[-1]
        finding = met_on(day, picture, letter, subject=letters[0].subject, now=now)
        if finding is not None:
            found.append(finding)
    return sorted(found, key=lambda each: (each.numbers["days_since"], each.fingerprint))[:1]


def met_on(day: date, picture: Picture, letter: Letter, *, subject: str, now: datetime) -> Finding | None:
    """What a meeting on a day, agreed on in a letter, leads to; None where it is not yet or long ago, or one wrote."""
    since = (now.astimezone(UTC).date() - day).days
    is_silent = picture.letters[-1].sent_at.astimezone(UTC).date() < day
    if not 1 <= since <= FOLLOW_UP_FOR or not is_silent:
        return None
    return Finding(
        "meeting_follow_up",
        f"meeting_follow_up:{picture.contact.id}",
        f"{letter.thread_id} {day}",
        _URGENCY * (1.0 - 0.5 * since / FOLLOW_UP_FOR) * importance(picture.letters),
        f"You were to meet {picture.contact.name} on {day:%Y-%m-%d} "
        f"(\u201c{subject or '(no subject)'}\u201d); nobody has written since",
        tuple(dict.fromkeys((letter.message_id, picture.letters[-1].message_id))),
        {"days_since": since},
    )
