"""Somebody asked to be introduced to somebody the owner knows: pure."""

import re
from datetime import datetime, timedelta
from typing import Final

from headrace_crm.insights.importance import importance
from headrace_crm.insights.model import Finding, Letter, Picture, days
from headrace_crm.mail.full_name import full_name

WANTED_FOR: Final = timedelta(days=60)
_WORD: Final = r"[^\W\d_a-z][\w'\u2019-]+"
_WANTED: Final = re.compile(
    r"(?:(?i:introduce (?:me|us) to|introduction to|(?:put|get) (?:me|us) in touch with|connect (?:me|us) (?:to|with)"
    r"|(?:a|the) contact (?:of|to)|Kontakt zu|Kontakt mit|vorstellen bei|pr\u00e9senter \u00e0|en contact avec))\s+"
    rf"({_WORD}(?:\s+{_WORD}){{1,2}})"
)
_HINTS: Final = ("introduc", "in touch", "connect ", "contact", "kontakt", "vorstellen", "pr\u00e9senter")
"""Words of which one stands in whatever the pattern finds: looking for these is forty times as fast."""
_URGENCY: Final = 0.9


def names_wanted(text: str) -> tuple[str, ...]:
    """The full names, folded, of those whom a text asks to be introduced to, in order.

    >>> names_wanted("Could you introduce me to Grace Hull some day?")
    ('grace hull',)
    """
    found: dict[str, None] = {}
    folded = text.casefold()
    if not any(hint in folded for hint in _HINTS):
        return ()
    for words in (match.group(1).split() for match in _WANTED.finditer(text)):
        # "... to Grace Hull Tomorrow" names her too.
        for count in range(len(words), 1, -1):
            name = full_name(" ".join(words[:count]))
            if name is not None:
                found[name] = None
    return tuple(found)


def introductions_wanted(picture: Picture, *, now: datetime) -> list[Finding]:
    """One finding for each contact of the owner that a letter of the last 60 days asks to be introduced to.

    It is done once a message names both, at the time of the letter or after it.
    """
    found: dict[str, Finding] = {}
    for letter in picture.letters:
        if letter.direction != "received" or now - letter.sent_at > WANTED_FOR:
            continue
        for name in names_wanted(letter.text):
            finding = introduction(picture, letter, name, now=now)
            if finding is not None:
                found[finding.key] = finding
    return list(found.values())


def introduction(picture: Picture, letter: Letter, name: str, *, now: datetime) -> Finding | None:
    """What a letter that asks to be introduced to a folded full name leads to; None where that is nobody, or done."""
    other = picture.known.get(name)
    if other is None or other.contact.id == picture.contact.id:
        return None
    if other.together_at is not None and other.together_at >= letter.sent_at:
        return None
    age = now - letter.sent_at
    return Finding(
        "introduction",
        f"introduction:{picture.contact.id}:{other.contact.id}",
        str(letter.message_id),
        _URGENCY * (1.0 - 0.5 * age / WANTED_FOR) * importance(picture.letters),
        f"{picture.contact.name} asked to be introduced to {other.contact.name}, whom you know",
        (letter.message_id,),
        {"days_ago": round(days(age))},
        other.contact.id,
    )
