"""What a server says of when to come again."""

from datetime import UTC, datetime, timedelta

import pytest

from headrace_crm.kit.http import LONGEST_WAIT, open_client, retry_after

NOW = datetime(2031, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("0", timedelta(0)),
        (" 120 ", timedelta(minutes=2)),
        ("Thu, 01 May 2031 12:00:30 GMT", timedelta(seconds=30)),
        ("Thu, 01 May 2031 11:00:00 GMT", timedelta(0)),
        ("Thu, 01 May 2031 12:00:30 -0000", timedelta(seconds=30)),
        ("99999999999999999999", LONGEST_WAIT),
        ("Thu, 01 May 2099 12:00:00 GMT", LONGEST_WAIT),
        ("-5", None),
        ("soon", None),
        ("\u0661\u0662", None),
        ("", None),
    ],
)
def test_a_wait_is_read_from_seconds_and_from_dates(value: str, wait: timedelta | None):
    assert retry_after({"retry-after": value}, NOW) == wait


def test_without_the_header_nothing_is_said():
    assert retry_after({}, NOW) is None


async def test_a_client_follows_no_redirect_and_has_an_end_to_every_wait():
    async with open_client(answer=timedelta(seconds=7)) as client:
        assert not client.follow_redirects
        assert client.timeout.as_dict() == {"connect": 5, "read": 7, "write": 7, "pool": 5}
