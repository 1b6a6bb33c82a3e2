from datetime import timedelta

import pytest

from headrace import ConfigurationError, WorkerOptions

ZERO = timedelta(0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"concurrency": 0}, "concurrency must be at least 1, got 0"),
        ({"buffer": 0}, "buffer must be at least 1, got 0"),
        ({"poll": ZERO}, "poll must be positive"),
        ({"heartbeat": ZERO}, "heartbeat must be positive"),
        ({"lease": ZERO}, "lease must be positive"),
        ({"patience": ZERO}, "patience must be positive"),
        ({"processes": 0}, "processes must be at least 1, got 0"),
        ({"process_attempts": 0}, "process_attempts must be at least 1, got 0"),
        ({"grace": timedelta(seconds=-1)}, "grace must not be negative"),
        ({"lease": timedelta(seconds=1), "heartbeat": timedelta(seconds=0.5)}, "at least four heartbeats"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ConfigurationError, match=message):
        WorkerOptions(**options)


def test_no_grace_at_all_is_allowed():
    assert WorkerOptions(grace=ZERO).grace == ZERO
