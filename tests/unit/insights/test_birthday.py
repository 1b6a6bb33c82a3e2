from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fix_pictures import NOW, chat, letter, picture
from headrace_crm.insights.birthday import birthday_in, birthday_of
from headrace_crm.insights.model import Birthday
from headrace_crm.insights.rules import find

SAID = Birthday(3, 7, 5, NOW - timedelta(days=30))  # Saturday of the week


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("Birthday: 12 May", (5, 12)),
        ("My birthday is on May 12th", (5, 12)),
        ("born on the 1st of March 1970, in Weir", (3, 1)),
        ("Born 1970-05-12", (5, 12)),
        ("Date of birth: 29 February", (2, 29)),
        ("Geburtstag: 12. Mai", (5, 12)),
        ("geboren am 12.5.1970", (5, 12)),
        ("Anniversaire : le 1er mai", (5, 1)),
        ("n\u00e9e le 12 ao\u00fbt 1970", (8, 12)),
        # Who knows which is the month?
        ("Birthday: 05/12", None),
        ("Born in Weir, 12 May Street", None),
        ("born 1970", None),
        ("Birthday: 31.4.", None),
        ("Birthday: 2020-13-40", None),
        ("newborn 12 May", None),
        ("In the office until 12 May", None),
    ],
)
def test_a_birthday_is_read_where_a_signature_says_it_is_one(line: str, day: tuple[int, int] | None):
    assert birthday_in(f"Ada Mill\nMiller\n{line}", name="Ada Mill") == day


def test_a_signature_of_somebody_else_says_nothing_of_its_sender():
    assert birthday_in("Bo Hull\nBirthday: 12 May", name="Ada Mill") is None
    assert birthday_in("Birthday: 12 May", name="Ada Mill") is None
    assert birthday_in("", name="Ada Mill") is None
    hostile = "Ada Mill\n" + "birthday is on the " * 20_000
    began = datetime.now(UTC)
    assert birthday_in(hostile, name="Ada Mill") is None
    assert datetime.now(UTC) - began < timedelta(seconds=2)


def test_the_newest_signature_that_has_one_counts():
    signed = [
        (NOW - timedelta(days=9), 1, "Ada Mill\nBirthday: 1 May"),
        (NOW - timedelta(days=5), 2, "Ada Mill\nBirthday: 12 May"),
        (NOW - timedelta(days=1), 3, "Ada Mill\nMiller"),
    ]
    assert birthday_of(signed, name="Ada Mill") == Birthday(5, 12, 2, NOW - timedelta(days=5))
    assert birthday_of(signed[2:], name="Ada Mill") is None


def told(now: datetime = NOW, said: Birthday = SAID, **changes):
    of = picture(*chat(20, 40), birthday=said, **changes)
    return [each for each in find(of, now=now) if each.kind == "birthday"]


def test_it_is_told_from_a_week_before_until_the_day_is_over_and_rises():
    (found,) = told()
    assert found.text == "Ada Mill has a birthday on 2026-03-07, as their signature says"
    assert (found.message_ids, found.numbers) == ((5,), {"days_ahead": 5})
    days = [datetime(2026, 2, 26, 9, tzinfo=UTC) + timedelta(days=each) for each in range(12)]
    seen = [told(day) for day in days]
    assert [len(each) for each in seen] == [0, 0, *[1] * 8, 0, 0]
    scores = [each[0].score for each in seen if each]
    assert scores == sorted(scores)
    assert len({each[0].fingerprint for each in seen if each}) == 1
    # Next year it is news again.
    (again,) = told(NOW + timedelta(days=365))
    assert (again.key, again.fingerprint) == (found.key, "2027-03-07")


def test_the_29th_of_february_is_the_28th_in_most_years_and_new_year_is_near_in_december():
    assert told(datetime(2027, 2, 27, tzinfo=UTC), replace(SAID, month=2, day=29))[0].fingerprint == "2027-02-28"
    assert told(datetime(2028, 2, 28, tzinfo=UTC), replace(SAID, month=2, day=29))[0].fingerprint == "2028-02-29"
    assert told(datetime(2026, 12, 30, tzinfo=UTC), replace(SAID, month=1, day=2))[0].numbers == {"days_ahead": 3}


def test_nobody_congratulates_strangers():
    only_theirs = picture(letter(20, "received"), letter(40, "received"), birthday=SAID)
    assert [each.kind for each in find(only_theirs, now=NOW) if each.kind == "birthday"] == []
    assert told(NOW, replace(SAID, seen_at=NOW + timedelta(days=1))) == []
