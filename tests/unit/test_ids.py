"""Ids made many at a time are ids like the others."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest

from headrace.ids import uuid7, uuid7_moment, uuid7s


@pytest.mark.parametrize("count", [0, 1, 2, 64, 5_000])
def test_many_ids_are_of_version_7_of_now_all_different_and_rising(count):
    before = datetime.now(UTC)
    made = [UUID(bytes=one) for one in uuid7s(count)]
    after = datetime.now(UTC)
    assert len(set(made)) == count
    assert made == sorted(made)
    for one in made:
        assert (one.version, one.variant) == (7, RFC_4122)
        assert before - timedelta(milliseconds=1) <= uuid7_moment(one) <= after + timedelta(milliseconds=2)


def test_the_random_part_of_each_of_many_ids_is_its_own():
    tails = {one[8:] for one in uuid7s(1_000)}
    assert len(tails) == 1_000
    bits = [0] * 64
    for tail in tails:
        for place in range(64):
            bits[place] += int.from_bytes(tail, "big") >> place & 1
    assert bits[62:] == [0, 1_000]  # the variant
    assert all(350 < count < 650 for count in bits[:62])


def test_ids_made_alone_and_together_follow_each_other():
    first, second = uuid7(), UUID(bytes=uuid7s(1)[0])
    assert first.int >> 64 <= second.int >> 64
