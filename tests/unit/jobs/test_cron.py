"""When schedules tick, above all on the days on which clocks are turned."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headrace import ConfigurationError
from headrace.jobs.cron import Cron, Every

BERLIN = "Europe/Berlin"  # on at 02:00, 29 March 2026; off at 03:00, 25 October 2026
NEW_YORK = "America/New_York"  # on at 02:00, 8 March 2026; off at 02:00, 1 November 2026
LORD_HOWE = "Australia/Lord_Howe"  # by half an hour; off at 02:00, 5 April 2026; on at 02:00, 4 October 2026
SANTIAGO = "America/Santiago"  # at midnight; on at 24:00, 5 September 2026
APIA = "Pacific/Apia"  # had no 30 December 2011


def ticks(expression: str, zone: str, after: str, count: int) -> list[str]:
    """The next ticks on the zone's wall clock, with their offset; `after` is a wall time, or one with an offset."""
    moment = datetime.fromisoformat(after)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    found = []
    for _ in range(count):
        moment = Cron(expression, zone).next_after(moment)
        found.append(f"{moment.astimezone(ZoneInfo(zone)):%m-%d %H:%M %z}")
    return found


# One that names hours: what is skipped ticks once at the end of the gap, what is repeated ticks the first time.
@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        ("30 2 * * *", BERLIN, "2026-03-28T00:00", ["03-28 02:30 +0100", "03-29 03:00 +0200", "03-30 02:30 +0200"]),
        ("30 2 * * *", BERLIN, "2026-10-24T12:00", ["10-25 02:30 +0200", "10-26 02:30 +0100"]),
        ("30 2 * * *", BERLIN, "2026-10-25T02:15+01:00", ["10-26 02:30 +0100"]),
        ("0,20,40 2 * * *", BERLIN, "2026-03-28T12:00", ["03-29 03:00 +0200", "03-30 02:00 +0200"]),
        ("*/30 2 * * *", BERLIN, "2026-03-28T12:00", ["03-29 03:00 +0200", "03-30 02:00 +0200"]),
        ("*/30 2 * * *", BERLIN, "2026-10-24T12:00", ["10-25 02:00 +0200", "10-25 02:30 +0200", "10-26 02:00 +0100"]),
        ("0 */2 * * *", BERLIN, "2026-03-28T23:00", ["03-29 00:00 +0100", "03-29 03:00 +0200", "03-29 04:00 +0200"]),
        ("0 */2 * * *", BERLIN, "2026-10-24T23:00", ["10-25 00:00 +0200", "10-25 02:00 +0200", "10-25 04:00 +0100"]),
        ("30 2,3 * * *", BERLIN, "2026-03-28T12:00", ["03-29 03:00 +0200", "03-29 03:30 +0200", "03-30 02:30 +0200"]),
        ("30 2 * * *", NEW_YORK, "2026-03-07T12:00", ["03-08 03:00 -0400", "03-09 02:30 -0400"]),
        ("30 1 * * *", NEW_YORK, "2026-10-31T12:00", ["11-01 01:30 -0400", "11-02 01:30 -0500"]),
        ("15 2 * * *", LORD_HOWE, "2026-10-03T12:00", ["10-04 02:30 +1100", "10-05 02:15 +1100"]),
        ("45 1 * * *", LORD_HOWE, "2026-04-04T12:00", ["04-05 01:45 +1100", "04-06 01:45 +1030"]),
        ("15 1 * * *", LORD_HOWE, "2026-04-04T12:00", ["04-05 01:15 +1100", "04-06 01:15 +1030"]),
        ("0 0 * * *", SANTIAGO, "2026-09-05T12:00", ["09-06 01:00 -0300", "09-07 00:00 -0300"]),
        ("0 12 * * *", APIA, "2011-12-29T00:00", ["12-29 12:00 -1000", "12-31 00:00 +1400", "12-31 12:00 +1400"]),
    ],
)
def test_named_hours_tick_once_on_every_day(expression: str, zone: str, after: str, expected: list[str]):
    assert ticks(expression, zone, after, len(expected)) == expected


# One for every hour: each moment that fits; an hour is an hour long.
@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        ("0 * * * *", BERLIN, "2026-03-29T00:30", ["03-29 01:00 +0100", "03-29 03:00 +0200", "03-29 04:00 +0200"]),
        ("0 * * * *", BERLIN, "2026-10-25T01:30", ["10-25 02:00 +0200", "10-25 02:00 +0100", "10-25 03:00 +0100"]),
        ("30 0-23 * * *", BERLIN, "2026-10-25T02:30+02:00", ["10-25 02:30 +0100", "10-25 03:30 +0100"]),
        ("0 * * * *", NEW_YORK, "2026-11-01T00:30", ["11-01 01:00 -0400", "11-01 01:00 -0500", "11-01 02:00 -0500"]),
        ("15 * * * *", LORD_HOWE, "2026-10-04T01:00", ["10-04 01:15 +1030", "10-04 03:15 +1100"]),
        ("45 * * * *", LORD_HOWE, "2026-04-05T01:00", ["04-05 01:45 +1100", "04-05 01:45 +1030", "04-05 02:45 +1030"]),
        ("*/30 * * * *", LORD_HOWE, "2026-10-04T01:15", ["10-04 01:30 +1030", "10-04 02:30 +1100"]),
        ("0 * 6 9 *", SANTIAGO, "2026-09-05T12:00", ["09-06 01:00 -0300", "09-06 02:00 -0300"]),
        ("0 * 1 1 *", BERLIN, "2026-01-01T23:00", ["01-01 00:00 +0100", "01-01 01:00 +0100"]),
        ("*/30 * 4 4 *", SANTIAGO, "2026-04-04T23:00-03:00", ["04-04 23:30 -0300", "04-04 23:00 -0400"]),
        ("0 * * * *", APIA, "2011-12-29T22:30", ["12-29 23:00 -1000", "12-31 00:00 +1400", "12-31 01:00 +1400"]),
    ],
)
def test_every_hour_ticks_at_each_moment_that_fits(expression: str, zone: str, after: str, expected: list[str]):
    assert ticks(expression, zone, after, len(expected)) == expected


def test_seconds_may_stand_first():
    assert Cron("*/20 0 3 * * *").next_after(datetime(2026, 1, 1, 3, 0, 20, tzinfo=UTC)) == datetime(
        2026, 1, 1, 3, 0, 40, tzinfo=UTC
    )


def test_a_day_that_never_comes_has_no_tick():
    assert Cron("* * */20 * 1L").next_after(datetime(2026, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    "expression",
    ["", "* * * *", "60 * * * *", "* * * * * * *", "a b c d e", "*/0 * * * *", "0 0 0 * *", "* " * 200],
)
def test_an_expression_that_cannot_be_read_is_refused(expression: str):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Cron(expression)


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "Europe", "/etc/passwd", "../UTC", "Europe/Berlin\x00", "\ud800"])
def test_a_zone_that_is_not_known_is_refused(zone: str):
    with pytest.raises(ConfigurationError, match="IANA name"):
        Cron("* * * * *", zone)


@pytest.mark.parametrize("period", [timedelta(0), timedelta(seconds=-5), timedelta(milliseconds=1), timedelta.max])
def test_a_period_out_of_range_is_refused(period: timedelta):
    with pytest.raises(ConfigurationError, match="every must be"):
        Every(period, datetime(2026, 1, 1, tzinfo=UTC))


def test_intervals_count_elapsed_time_from_their_anchor():
    anchor = datetime(2026, 3, 28, 12, tzinfo=ZoneInfo(BERLIN))
    every = Every(timedelta(days=1), anchor)
    assert every.next_after(anchor) == datetime(2026, 3, 29, 11, tzinfo=UTC)
    assert every.next_after(anchor - timedelta(days=9)) == datetime(2026, 3, 29, 11, tzinfo=UTC)
    assert every.next_after(datetime(2026, 3, 29, 11, tzinfo=UTC)) == datetime(2026, 3, 30, 11, tzinfo=UTC)


DAY = st.sampled_from(["*", "*/7", "30", "2", "1,3", "1-4", "L"])
EXPRESSIONS = st.builds(
    "{} {} {} {} {}".format,
    st.sampled_from(["*", "*/10", "0", "30", "15,45", "59"]),
    st.sampled_from(["*", "*/2", "0", "1", "2", "0-3", "1-23/3", "23"]),
    DAY,
    st.sampled_from(["*", "3", "4", "9-11"]),
    st.sampled_from(["*", "1", "SUN", "1-5"]),
)
ZONES = st.sampled_from(["UTC", BERLIN, NEW_YORK, LORD_HOWE, SANTIAGO, APIA, "Africa/Casablanca", "Asia/Kathmandu"])
TURNS = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2026, 4, 5, 3, tzinfo=UTC),
    datetime(2026, 9, 6, 4, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
]
MOMENTS = st.one_of(
    st.integers(0, 65 * 366 * 86_400).map(
        lambda seconds: datetime(1995, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    ),
    st.builds(
        lambda turn, shift: turn + shift,
        st.sampled_from(TURNS),
        st.timedeltas(timedelta(hours=-5), timedelta(hours=5)),
    ),
)


@settings(deadline=None, max_examples=50)
@given(EXPRESSIONS, ZONES, MOMENTS)
@example("45 * * * *", LORD_HOWE, datetime(2026, 4, 4, 15, 15, tzinfo=UTC))
def test_the_next_tick_is_later_and_the_one_after_it_later_still(expression: str, zone: str, moment: datetime):
    cron = Cron(expression, zone)
    found = [moment]
    for _ in range(4):
        tick = cron.next_after(found[-1])
        if tick is None:
            break
        found.append(tick)
    assert all(earlier < later for earlier, later in pairwise(found))


@settings(deadline=None, max_examples=50)
@given(EXPRESSIONS, ZONES, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=40)))
def test_a_later_moment_never_has_an_earlier_tick(expression: str, zone: str, moment: datetime, step: timedelta):
    cron = Cron(expression, zone)
    tick, later = cron.next_after(moment), cron.next_after(moment + step)
    assert later is None or tick is not None
    assert later is None or tick <= later
    # And between a moment and its tick there is no other.
    assert tick is None or moment + step >= tick or later == tick


@settings(deadline=None, max_examples=50)
@given(
    st.sampled_from(["*/10 * * * *", "15,45 * * * *", "59 * 4,5 * *", "0 * * 4,10 SUN"]),
    ZONES,
    st.sampled_from(TURNS),
    st.integers(-300, 300),
)
def test_for_every_hour_it_is_each_minute_whose_wall_clock_fits(
    expression: str, zone: str, turn: datetime, minutes: int
):
    cron = Cron(expression, zone)
    start = turn + timedelta(minutes=minutes)
    tick = cron.next_after(start)
    for minute in range(1, 4 * 60):
        moment = start + timedelta(minutes=minute)
        if moment >= tick:
            break
        assert not fits(expression, moment.astimezone(ZoneInfo(zone))), moment
    assert fits(expression, tick.astimezone(ZoneInfo(zone)))


def fits(expression: str, wall: datetime) -> bool:
    """Whether a wall clock's minute is one of the expression's: asked in UTC, where no clock is turned."""
    plain = wall.replace(tzinfo=UTC)
    return Cron(expression).next_after(plain - timedelta(seconds=1)) == plain


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str):
    try:
        Cron(text)
    except ConfigurationError:
        return
    assert len(text.split()) in {5, 6}


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.text("0123456789*/,-#LWMON", min_size=1, max_size=6), min_size=5, max_size=6).map(" ".join),
)
def test_text_that_looks_like_cron_is_read_or_refused(text: str):
    try:
        cron = Cron(text)
    except ConfigurationError:
        return
    tick = cron.next_after(datetime(2026, 1, 1, tzinfo=UTC))
    assert tick is None or tick > datetime(2026, 1, 1, tzinfo=UTC)
