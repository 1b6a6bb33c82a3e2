from datetime import timedelta
from uuid import uuid4

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from headrace.events.failure import describe_failure, retry_delay


def test_rests_double_from_two_seconds_to_five_minutes():
    rests = [retry_delay(count, jitter=0.0).total_seconds() for count in range(1, 11)]
    assert rests == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_jitter_adds_a_tenth_at_most(count, jitter):
    plain = retry_delay(count, jitter=0.0)
    assert plain <= retry_delay(count, jitter=jitter) <= plain * 1.1 + timedelta(microseconds=1)


@given(st.text(max_size=5000))
def test_every_error_message_becomes_json_that_postgresql_can_keep(message):
    facts = describe_failure(ValueError(message), position=7, event_id=uuid4(), event_type="note.taken")
    text = msgspec.json.encode(facts).decode()
    assert "\\u0000" not in text.replace("\\\\", "")
    assert len(facts["message"]) <= 2000
