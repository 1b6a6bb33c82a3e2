"""Trend: the last 90 days against the person's own pace in the 360 days before them.

    recent   = messages of the last 90 days
    expected = messages of the 360 days before, scaled to 90 days (a shorter history is scaled by its own
               length, but by no less than 90 days)
    value    = (recent - expected) / (recent + expected + 6)

The 6 is a prior: a handful of messages says little, so that it takes about ten messages after four to be
called growth, and a quarterly exchange that is a week late is not called fading.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from headrace_crm.scores.model import Trend

RECENT = timedelta(days=90)
BEFORE = timedelta(days=360)
QUIET = timedelta(days=180)
DORMANT = timedelta(days=365)
PRIOR = 6.0
CHANGE = 0.25


def trend(*, sent_at: Sequence[datetime], now: datetime) -> tuple[Trend, float]:
    """Return the trend's word and its value in (-1, 1).

    `sent_at` ascends, and nothing in it is after `now`. The word is, first match wins: `dormant` without a
    message for 365 days (or at all), `new` when the first one is younger than 90 days, `fading` without one
    for 180 days or at a value below -0.25, `growing` above 0.25, else `steady`.
    """
    if not sent_at:
        return "dormant", 0.0
    value = _change(sent_at, now)
    silence = now - sent_at[-1]
    if silence >= DORMANT:
        return "dormant", value
    if now - sent_at[0] < RECENT:
        return "new", value
    if silence >= QUIET or value < -CHANGE:
        return "fading", value
    return ("growing" if value > CHANGE else "steady"), value


def _change(sent_at: Sequence[datetime], now: datetime) -> float:
    recent_from = now - RECENT
    before_from = recent_from - BEFORE
    recent = sum(moment > recent_from for moment in sent_at)
    before = sum(before_from < moment <= recent_from for moment in sent_at)
    history = min(max(recent_from - sent_at[0], RECENT), BEFORE)
    expected = before * (RECENT / history)
    return (recent - expected) / (recent + expected + PRIOR)
