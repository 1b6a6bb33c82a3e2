"""Somebody is silent for longer than ever was usual between the two: pure."""

from datetime import datetime, timedelta
from typing import Final

from headrace_crm.insights.importance import importance
from headrace_crm.insights.model import Finding, Picture, days
from headrace_crm.insights.rhythm import rhythm
from headrace_crm.scores.trend import DORMANT

SHORTEST: Final = timedelta(days=14)
"""A shorter silence is nothing, however often two people write."""
TIMES_USUAL: Final = 2.5


def going_cold(picture: Picture, *, now: datetime) -> list[Finding]:
    """One finding once the silence is longer than 14 days, 2.5 times the usual gap and the long gap, up to a year.

    Both must have written. The score never falls while the silence goes on: with `limit` the longest of the three,
    `(1 - 1 / (1 + silence / limit)) * importance`. After a year a relationship is dormant, and going no more.
    """
    letters = picture.letters
    if {each.direction for each in letters} != {"sent", "received"}:
        return []
    usual = rhythm([each.sent_at for each in letters])
    last = letters[-1]
    silence = now - last.sent_at
    if usual is None or not SHORTEST < silence < DORMANT:
        return []
    limit = max(SHORTEST, TIMES_USUAL * usual.usual, usual.long)
    if silence <= limit:
        return []
    silent_days, usual_days = round(days(silence)), max(1, round(days(usual.usual)))
    return [
        Finding(
            "going_cold",
            f"going_cold:{picture.contact.id}",
            str(last.message_id),
            (1.0 - 1.0 / (1.0 + silence / limit)) * importance(letters),
            f"You and {picture.contact.name} have not written for {silent_days} days; "
            f"you usually do every {'day' if usual_days == 1 else f'{usual_days} days'}",
            (last.message_id,),
            {"silent_days": silent_days, "usual_days": usual_days, "gaps": usual.gap_count},
        )
    ]
