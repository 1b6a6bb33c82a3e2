from datetime import UTC, datetime, timedelta, timezone

import pytest

from headrace import ConfigurationError
from headrace.testing import VirtualClock

NOON = datetime(2031, 5, 1, 12, tzinfo=UTC)


def test_it_stands_still_until_it_is_moved():
    clock = VirtualClock(NOON)
    assert clock.now() == clock.override() == clock.now() == NOON
    assert clock.advance(timedelta(hours=1)) == clock.now() == NOON + timedelta(hours=1)
    assert clock.move_to(NOON + timedelta(days=1)) == clock.override() == NOON + timedelta(days=1)


def test_its_moments_are_in_utc():
    clock = VirtualClock(datetime(2031, 5, 1, 14, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == NOON
    assert clock.now().tzinfo is UTC


def test_it_begins_at_the_machines_time():
    before = datetime.now(UTC)
    assert before <= VirtualClock().now() <= datetime.now(UTC)


def test_it_does_not_go_back():
    clock = VirtualClock(NOON)
    with pytest.raises(ConfigurationError, match="does not go back"):
        clock.advance(timedelta(seconds=-1))
    assert clock.now() == NOON


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ConfigurationError, match="must be aware"):
        VirtualClock(datetime(2031, 5, 1))  # noqa: DTZ001 - the point
