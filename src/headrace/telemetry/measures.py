"""What is measured: the names that Prometheus and OpenTelemetry share, their labels and what they mean."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "histogram", "gauge"]
Origin = Literal["process", "database"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric. Of a `process` each has its own; what is of the `database` is the same wherever it is read."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    origin: Origin = "process"


JOBS_ENQUEUED = Measure("headrace_jobs_enqueued_total", "counter", "Jobs stored by this process.", ("kind", "queue"))
JOBS_COMPLETED = Measure("headrace_jobs_completed_total", "counter", "Jobs recorded as completed.", ("kind", "queue"))
JOBS_FAILED = Measure(
    "headrace_jobs_failed_total",
    "counter",
    "Jobs recorded as failed, dead or cancelled by an attempt.",
    ("kind", "queue", "state"),
)
JOBS_RETRIED = Measure(
    "headrace_jobs_retried_total", "counter", "Attempts that failed and will be tried again.", ("kind", "queue")
)
JOB_DURATION = Measure(
    "headrace_job_duration_seconds", "histogram", "How long attempts took.", ("kind", "queue"), _SECONDS
)
JOB_WAIT = Measure(
    "headrace_job_wait_seconds", "histogram", "From when a job was due to when it began.", ("queue",), _SECONDS
)
JOBS_CLAIMED = Measure("headrace_jobs_claimed_total", "counter", "Jobs claimed by this process.")
CLAIM_TIME = Measure("headrace_claim_seconds", "histogram", "How long claims took that found jobs.", (), _FAST)
JOBS_RESCUED = Measure(
    "headrace_jobs_rescued_total", "counter", "Jobs of lost workers, put back or buried.", ("outcome",)
)
LEASES_LOST = Measure("headrace_leases_lost_total", "counter", "Times this worker was given up while it lived.")
STALE_COMPLETIONS = Measure(
    "headrace_stale_completions_total", "counter", "Attempts that ended after their job had passed to another."
)
EVENTS_EMITTED = Measure("headrace_events_emitted_total", "counter", "Events appended by this process.", ("type",))
EVENT_PROCESSING = Measure(
    "headrace_event_processing_seconds",
    "histogram",
    "How long handlers took: for one event, or one batch of an ordered handler.",
    ("handler", "mode"),
    _SECONDS,
)
HANDLER_ERRORS = Measure("headrace_event_handler_errors_total", "counter", "Errors of handlers.", ("handler", "mode"))
STREAMS_PARKED = Measure("headrace_streams_parked_total", "counter", "Streams set aside.", ("subscription",))
SERVICE_ERRORS = Measure("headrace_service_errors_total", "counter", "Errors of background loops.", ("service",))
WAKEUPS = Measure("headrace_wakeups_total", "counter", "Wake-ups sent and heard by this process.", ("direction",))
POOL = Measure("headrace_pool_connections", "gauge", "Connections of this process's pool.", ("state",))

QUEUE_DEPTH = Measure(
    "headrace_queue_depth",
    "gauge",
    "Jobs due, due later (each counted up to 10,000) and running.",
    ("queue", "state"),
    origin="database",
)
QUEUE_PAUSED = Measure("headrace_queue_paused", "gauge", "1 for a paused queue.", ("queue",), origin="database")
WORKERS = Measure("headrace_workers", "gauge", "Registered workers that are not stopping.", origin="database")
HEAD_AGE = Measure(
    "headrace_safe_head_age_seconds",
    "gauge",
    "How long the safe head has not moved while newer events wait; 0 where none do.",
    origin="database",
)
HEAD_LAG = Measure("headrace_safe_head_lag_events", "gauge", "Positions above the safe head.", origin="database")
LAG_EVENTS = Measure(
    "headrace_subscription_lag_events",
    "gauge",
    "Events not handled yet, counted up to 100,000.",
    ("subscription",),
    origin="database",
)
LAG_SECONDS = Measure(
    "headrace_subscription_lag_seconds",
    "gauge",
    "How long ago the oldest event not handled yet was recorded.",
    ("subscription",),
    origin="database",
)
PARKED_STREAMS = Measure("headrace_parked_streams", "gauge", "Streams set aside.", ("subscription",), origin="database")
PARKED_EVENTS = Measure(
    "headrace_parked_events", "gauge", "Events waiting in parked streams.", ("subscription",), origin="database"
)
UP = Measure("headrace_database_up", "gauge", "1 where the database could be asked just now.", origin="database")

MEASURES: tuple[Measure, ...] = (
    JOBS_ENQUEUED,
    JOBS_COMPLETED,
    JOBS_FAILED,
    JOBS_RETRIED,
    JOB_DURATION,
    JOB_WAIT,
    JOBS_CLAIMED,
    CLAIM_TIME,
    JOBS_RESCUED,
    LEASES_LOST,
    STALE_COMPLETIONS,
    EVENTS_EMITTED,
    EVENT_PROCESSING,
    HANDLER_ERRORS,
    STREAMS_PARKED,
    SERVICE_ERRORS,
    WAKEUPS,
    POOL,
    QUEUE_DEPTH,
    QUEUE_PAUSED,
    WORKERS,
    HEAD_AGE,
    HEAD_LAG,
    LAG_EVENTS,
    LAG_SECONDS,
    PARKED_STREAMS,
    PARKED_EVENTS,
    UP,
)
