import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace import ConfigurationError, RetryPolicy

attempts = st.integers(min_value=1, max_value=32_767)
chances = st.floats(min_value=0, max_value=1, exclude_max=True)


@given(attempt=attempts, chance=chances)
def test_the_default_curve_is_two_to_the_attempt_plus_up_to_a_second_capped_at_five_minutes(attempt, chance):
    seconds = RetryPolicy().delay(attempt, chance=chance).total_seconds()
    base = min(2.0 ** min(attempt, 20), 300.0)
    assert base <= seconds <= min(base + 1, 300.0)


@given(attempt=attempts, chance=chances)
def test_the_wait_grows_with_the_attempt(attempt, chance):
    policy = RetryPolicy()
    assert policy.delay(attempt, chance=chance) <= policy.delay(attempt + 1, chance=chance)


@given(
    attempt=attempts,
    chance=chances,
    unit=st.floats(min_value=0, max_value=1e6),
    factor=st.floats(min_value=1, max_value=1e6),
    jitter=st.floats(min_value=0, max_value=1e6),
    cap=st.floats(min_value=0, max_value=1e6),
)
def test_no_policy_waits_longer_than_its_cap(  # noqa: PLR0917 - drawn by hypothesis
    attempt, chance, unit, factor, jitter, cap
):
    policy = RetryPolicy(
        unit=timedelta(seconds=unit),
        factor=factor,
        jitter=timedelta(seconds=jitter),
        cap=timedelta(seconds=cap),
    )
    seconds = policy.delay(attempt, chance=chance).total_seconds()
    assert 0 <= seconds <= math.nextafter(policy.cap.total_seconds(), math.inf)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": timedelta(seconds=-1)}, "unit must not be negative"),
        ({"jitter": timedelta(seconds=-1)}, "jitter must not be negative"),
        ({"cap": timedelta(seconds=-1)}, "cap must not be negative"),
        ({"unit": 2}, r"unit must be a timedelta, got 2; use timedelta\(seconds="),
        ({"cap": timedelta.max}, "cap must be at most 36525 days"),
        ({"factor": 0.5}, "factor must be at least 1"),
        ({"factor": math.nan}, "factor must be at least 1, got nan"),
        ({"factor": math.inf}, "factor must be at least 1, got inf"),
        ({"retry_on": [OSError]}, "retry_on must be a tuple of exception classes"),
        ({"discard_on": (OSError, "ValueError")}, r"got .*'ValueError'.*; write \(ConnectionError,\)"),
    ],
)
def test_a_policy_that_could_not_judge_an_error_is_refused(options, message):
    with pytest.raises(ConfigurationError, match=message):
        RetryPolicy(**options)


def test_discard_on_wins_over_retry_on():
    policy = RetryPolicy(retry_on=(OSError,), discard_on=(ConnectionError,))
    assert policy.is_retryable(FileNotFoundError())
    assert not policy.is_retryable(ConnectionResetError())
    assert not policy.is_retryable(ValueError())
