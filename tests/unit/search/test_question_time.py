from datetime import UTC, datetime

import pytest

from headrace_crm.search.when import Period, read_period

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "since", "before", "rest"),
    [
        ("who told me of the bug last spring?", "2026-03-01", "2026-06-01", "who told me of the bug?"),
        ("what came last winter", "2025-12-01", "2026-03-01", "what came"),
        ("what came last December", "2025-12-01", "2026-01-01", "what came"),
        ("what came in December", "2025-12-01", "2026-01-01", "what came"),
        ("mail of May 2006, please", "2006-05-01", "2006-06-01", "mail of, please"),
        ("what did we say in the fall of 2005?", "2005-09-01", "2005-12-01", "what did we say?"),
        ("what Ann may know, in May 2006", "2006-05-01", "2006-06-01", "what Ann may know,"),
        ("tar since May", "2026-05-01", None, "tar"),
        ("tar after May 2006", "2006-06-01", None, "tar"),
        ("tar before spring 2006", None, "2006-03-01", "tar"),
        ("tar until May 2006", None, "2006-06-01", "tar"),
        ("tar in 2005", "2005-01-01", "2006-01-01", "tar"),
        ("tar since 2005", "2005-01-01", None, "tar"),
        ("tar since 2006-05-09", "2006-05-09", None, "tar"),
        ("tar on 2006-05-09", "2006-05-09", "2006-05-10", "tar"),
        ("tar last week", "2026-11-16", "2026-11-23", "tar"),
        ("tar this month", "2026-11-01", "2026-12-01", "tar"),
        ("tar last month", "2026-10-01", "2026-11-01", "tar"),
        ("tar last year", "2025-01-01", "2026-01-01", "tar"),
        ("tar yesterday", "2026-11-26", "2026-11-27", "tar"),
        ("tar today", "2026-11-27", "2026-11-28", "tar"),
        ("tar in the last 3 months", "2026-08-27T09:30", None, "tar"),
        ("tar of the past 2 weeks", "2026-11-13T09:30", None, "tar of"),
        ("tar over the last 1 year", "2025-11-27T09:30", None, "tar"),
        # Nothing but a time keeps its words, for a search of nothing finds nothing.
        ("last week?", "2026-11-16", "2026-11-23", "last week?"),
    ],
)
def test_a_time_in_a_question_is_a_period(question: str, since: str | None, before: str | None, rest: str):
    timed = read_period(question, now=NOW)
    assert timed.period == Period(day(since) if since else None, day(before) if before else None)
    assert timed.text == rest


@pytest.mark.parametrize(
    "question",
    [
        "who may repair the hull",
        "this may be wrong",
        "what did the march cost",
        "a spring came loose",
        "how many in 20055",
        "today's build",
        "on 2006-13-45",
        "",
    ],
)
def test_words_that_are_no_time_stay(question: str):
    timed = read_period(question, now=NOW)
    assert (timed.text, timed.period) == (question, None)


def test_years_that_are_far_away_are_no_errors():
    assert read_period("tar in the last 9999 years", now=NOW).period is not None
    assert read_period("tar in 2099", now=NOW).period == Period(day("2099-01-01"), day("2100-01-01"))
    assert read_period("tar in the last 1 month", now=datetime(2026, 3, 31, tzinfo=UTC)).period == Period(
        day("2026-02-28"), None
    )
