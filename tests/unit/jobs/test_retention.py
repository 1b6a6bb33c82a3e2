"""What becomes of a day of jobs, and how long they are kept."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from headrace import ConfigurationError, Retention
from headrace.jobs.retention import MOST_MOVED, WORTH_REWRITING, Day, DayCount, decide

NOW = datetime(2031, 5, 1, tzinfo=UTC)
DAY = Day(date(2031, 4, 1), True, UUID(int=1), UUID(int=2))
STRAY = Day(date(2031, 4, 1), False, UUID(int=1), UUID(int=2))


@pytest.mark.parametrize(
    ("day", "kept", "expired", "fate"),
    [
        (DAY, 0, 0, "drop"),
        (DAY, 0, 1, "drop"),
        (DAY, 0, WORTH_REWRITING, "drop"),
        (DAY, 1, 0, "leave"),
        (DAY, 1, 1, "trim"),
        (DAY, 1, WORTH_REWRITING - 1, "trim"),
        (DAY, 1, WORTH_REWRITING, "rewrite"),
        (DAY, MOST_MOVED, WORTH_REWRITING, "rewrite"),
        (DAY, MOST_MOVED + 1, WORTH_REWRITING, "trim"),
        (STRAY, 0, 0, "leave"),
        (STRAY, 0, 1, "trim"),
        (STRAY, 5, WORTH_REWRITING, "trim"),
    ],
)
def test_a_day_is_left_dropped_rewritten_or_trimmed(day, kept, expired, fate):
    assert decide(day, DayCount(kept, expired)) == fate


def test_the_horizon_is_that_of_the_shortest_period():
    assert Retention().horizon(NOW) == NOW - timedelta(days=7)
    assert Retention(completed=None, cancelled=None, failed=timedelta(days=9)).horizon(NOW) == NOW - timedelta(days=9)


def test_what_is_kept_for_ever_has_no_horizon():
    assert Retention(completed=None, failed=None, cancelled=None, dead=None).horizon(NOW) is None


def test_a_negative_period_is_refused():
    with pytest.raises(ConfigurationError, match="dead must not be negative"):
        Retention(dead=timedelta(seconds=-1))
