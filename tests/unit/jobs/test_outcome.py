from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace import Cancel, ConfigurationError, Discard, Retry, RetryPolicy, Snooze
from headrace.jobs.codec import holds_nul
from headrace.jobs.outcome import Again, Ended, decide_on_error, report_error, storable

POLICY = RetryPolicy(discard_on=(KeyError,))


def decide(error: BaseException, *, attempt: int = 1, max_attempts: int = 3):
    return decide_on_error(error, attempt=attempt, max_attempts=max_attempts, policy=POLICY, chance=0.5)


def test_an_error_is_tried_again_by_the_curve():
    assert decide(ValueError("x"), attempt=2).delay == timedelta(seconds=4.5)


def test_the_last_attempt_is_dead():
    assert decide(ValueError("x"), attempt=3).state == "dead"


@pytest.mark.parametrize("error", [KeyError("x"), Discard("x")])
def test_an_error_not_to_be_retried_fails_at_once(error):
    verdict = decide(error)
    assert isinstance(verdict, Ended)
    assert verdict.state == "failed"


@pytest.mark.parametrize("attempt", [1, 3, 9])
def test_a_snooze_is_obeyed_at_any_attempt_and_not_counted(attempt):
    assert decide(Snooze(timedelta(hours=1)), attempt=attempt) == Again(timedelta(hours=1), counts=False)


def test_a_cancel_is_obeyed():
    verdict = decide(Cancel("enough"))
    assert isinstance(verdict, Ended)
    assert verdict.state == "cancelled"


def test_a_retry_waits_as_long_as_it_asks_for_and_counts():
    verdict = decide(Retry("busy", after=timedelta(seconds=9)))
    assert isinstance(verdict, Again)
    assert (verdict.delay, verdict.counts) == (timedelta(seconds=9), True)


@pytest.mark.parametrize(
    "policy",
    [RetryPolicy(retry_on=(ConnectionError,)), RetryPolicy(discard_on=(Exception,))],
    ids=["retry_on", "discard_on"],
)
def test_a_retry_that_the_handler_asks_for_is_given_whatever_errors_the_policy_retries(policy):
    verdict = decide_on_error(
        Retry("busy", after=timedelta(seconds=9)), attempt=1, max_attempts=2, policy=policy, chance=0
    )
    assert isinstance(verdict, Again)
    assert verdict.delay == timedelta(seconds=9)


@pytest.mark.parametrize("after", [5, "1m", timedelta(seconds=-1), timedelta.max])
@pytest.mark.parametrize("outcome", [lambda after: Retry("busy", after=after), Snooze], ids=["retry", "snooze"])
def test_a_wait_that_is_none_is_refused_where_it_is_asked_for(outcome, after):
    with pytest.raises(ConfigurationError, match="after must"):
        outcome(after)


def test_a_retry_without_a_wait_follows_the_curve():
    assert decide(Retry()).delay == timedelta(seconds=2.5)


@given(attempt=st.integers(1, 100), max_attempts=st.integers(1, 100), chance=st.floats(0, 1, exclude_max=True))
def test_an_error_ends_a_job_exactly_when_its_attempts_are_used_up(attempt, max_attempts, chance):
    verdict = decide_on_error(
        ValueError(), attempt=attempt, max_attempts=max_attempts, policy=RetryPolicy(), chance=chance
    )
    assert isinstance(verdict, Ended) == (attempt >= max_attempts)


@given(st.text())
def test_what_is_stored_of_a_text_can_be_stored_and_read_back(text):
    kept = storable(text)
    assert "\x00" not in kept
    assert msgspec.json.decode(msgspec.json.encode(kept)) == kept


@given(st.text())
def test_an_error_report_of_any_message_is_bounded_json(text):
    report = msgspec.json.decode(report_error(ValueError(text * 50)))
    assert report["type"] == "ValueError"
    assert len(report["message"]) <= 2_000
    assert len(report["traceback"]) <= 8_000
    assert not holds_nul(report_error(ValueError(text)))


def test_an_error_report_keeps_the_end_of_the_traceback_and_the_cause():
    def fail() -> None:
        try:
            {}["inner"]
        except KeyError as inner:
            raise Discard("outer") from inner

    try:
        fail()
    except Discard as error:
        report = msgspec.json.decode(report_error(error))
    assert (report["type"], report["message"]) == ("headrace.jobs.outcome.Discard", "outer")
    assert "KeyError: 'inner'" in report["traceback"]
    assert "in fail" in report["traceback"]


@given(st.text())
def test_an_escaped_nul_is_found_exactly_where_there_is_one(text):
    encoded = msgspec.json.encode(text.encode("utf-8", "ignore").decode()).decode()
    assert holds_nul(encoded) == ("\x00" in text)


@given(st.text(alphabet="\\u0\x00"))
def test_backslashes_before_a_nul_do_not_hide_it_nor_make_one(text):
    assert holds_nul(msgspec.json.encode(text).decode()) == ("\x00" in text)
