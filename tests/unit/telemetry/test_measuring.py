from datetime import UTC, datetime, timedelta

import pytest

from headrace import Record
from headrace.telemetry import measures as m
from headrace.telemetry.measures import MEASURES
from headrace.telemetry.measuring import MOST_VALUES, OTHER, Measuring


class Sums:
    """A sink that adds up."""

    def __init__(self) -> None:
        self.counts: dict[tuple, float] = {}
        self.values: dict[tuple, list[float]] = {}

    def count(self, measure, labels, by=1.0) -> None:
        assert len(labels) == len(measure.labels)
        self.counts[measure.name, *labels] = self.counts.get((measure.name, *labels), 0) + by

    def observe(self, measure, labels, value) -> None:
        assert len(labels) == len(measure.labels)
        self.values.setdefault((measure.name, *labels), []).append(value)


@pytest.fixture
def sums() -> Sums:
    return Sums()


@pytest.fixture
def tell(sums):
    new_year = datetime(2031, 1, 1, tzinfo=UTC)
    measuring = Measuring(sums, seconds_since=lambda moment: (new_year - moment).total_seconds())
    return lambda name, **fields: measuring(Record(name, fields=fields))


def stopped(tell, job: int, outcome: str, *, is_recorded: bool = False) -> None:
    tell(
        "attempt.stopped",
        job=job,
        kind="greet",
        queue="mail",
        outcome=outcome,
        is_recorded=is_recorded,
        duration=timedelta(seconds=2),
    )


def test_how_an_attempt_ended_counts_once_it_is_recorded(tell, sums):
    stopped(tell, 1, "completed")
    stopped(tell, 2, "dead")
    stopped(tell, 3, "retrying")
    stopped(tell, 4, "released")
    assert sums.counts == {}
    assert sums.values == {("headrace_job_duration_seconds", "greet", "mail"): [2.0] * 4}
    tell("jobs.settled", jobs={1, 2, 3, 4}, count=4, stale=0)
    tell("jobs.settled", jobs={1}, count=1, stale=0)
    assert sums.counts == {
        ("headrace_jobs_completed_total", "greet", "mail"): 1,
        ("headrace_jobs_failed_total", "greet", "mail", "dead"): 1,
        ("headrace_jobs_retried_total", "greet", "mail"): 1,
    }


def test_what_was_recorded_with_the_handlers_writes_counts_at_once_and_what_is_stale_never(tell, sums):
    stopped(tell, 1, "completed", is_recorded=True)
    stopped(tell, 2, "completed")
    tell("job.stale", job=2)
    tell("jobs.settled", jobs={2}, count=1, stale=0)
    assert sums.counts == {
        ("headrace_jobs_completed_total", "greet", "mail"): 1,
        ("headrace_stale_completions_total",): 1,
    }


def test_values_of_a_label_beyond_a_bound_are_told_together(tell, sums):
    for number in range(MOST_VALUES + 50):
        tell("event.appended", type=f"type.{number}")
    tell("event.appended", type="type.0")
    assert len(sums.counts) == MOST_VALUES + 1
    assert sums.counts[m.EVENTS_EMITTED.name, OTHER] == 50
    assert sums.counts[m.EVENTS_EMITTED.name, "type.0"] == 2


def test_waiting_claims_rescues_handlers_and_wake_ups_are_measured(tell, sums):
    tell("attempt.started", queue="mail", run_at=datetime(2030, 12, 31, 23, 59, tzinfo=UTC))
    tell("attempt.started", queue="mail", run_at=datetime(2031, 1, 2, tzinfo=UTC))
    tell("jobs.claimed", count=7, is_sweep=False, duration=timedelta(milliseconds=3))
    tell("worker.rescued", worker=1, returned=3, buried=0)
    tell("worker.lost", worker=1)
    tell("event.handled", handler="h", mode="sync", event_count=1, outcome="raised", duration=timedelta(seconds=1))
    tell("event.handled", handler="o", mode="ordered", event_count=9, outcome="raised", duration=timedelta(seconds=1))
    tell("subscription.failed", subscription="o")
    tell("subscription.parked", subscription="o")
    tell("service.error", service="fetcher")
    tell("wakeup.sent", count=2)
    tell("wakeup.heard", channel="x")
    tell("worker.started", worker=1, queues=[])
    assert sums.values["headrace_job_wait_seconds", "mail"] == [60.0, 0.0]
    assert sums.values["headrace_claim_seconds",] == [0.003]
    assert sums.counts == {
        ("headrace_jobs_claimed_total",): 7,
        ("headrace_jobs_rescued_total", "returned"): 3,
        ("headrace_leases_lost_total",): 1,
        ("headrace_event_handler_errors_total", "h", "sync"): 1,
        ("headrace_event_handler_errors_total", "o", "ordered"): 2,
        ("headrace_streams_parked_total", "o"): 1,
        ("headrace_service_errors_total", "fetcher"): 1,
        ("headrace_wakeups_total", "sent"): 2,
        ("headrace_wakeups_total", "heard"): 1,
    }


def test_every_measure_is_named_as_what_it_is():
    assert len({one.name for one in MEASURES}) == len(MEASURES)
    for one in MEASURES:
        assert one.name.startswith("headrace_")
        assert one.name.endswith("_total") == (one.kind == "counter")
        assert bool(one.buckets) == (one.kind == "histogram")
        assert list(one.buckets) == sorted(one.buckets)
