"""From records to measures: a subscriber that counts what was committed."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from headrace.telemetry import measures as m
from headrace.telemetry.measures import Measure
from headrace.telemetry.record import Record

MOST_VALUES = 200
"""More values of a label than this are told together, as `OTHER`."""
OTHER = "(other)"

_MOST_UNRECORDED = 100_000
_AGAIN = frozenset({"retrying"})
_ENDINGS = frozenset({"failed", "dead", "cancelled"})


class Sink(Protocol):
    """Where measures go: Prometheus, OpenTelemetry."""

    def count(self, measure: Measure, labels: tuple[str, ...], by: float = 1.0) -> None: ...
    def observe(self, measure: Measure, labels: tuple[str, ...], value: float) -> None: ...


class Measuring:
    """Subscribes to an app's telemetry and measures what it tells.

    How an attempt ended counts once its record is committed: until then it is kept aside. `seconds_since` says how
    long ago a moment is.
    """

    def __init__(self, sink: Sink, *, seconds_since: Callable[[datetime], float] | None = None) -> None:
        self._sink = sink
        self._since = seconds_since or _seconds_since
        self._ended: OrderedDict[Any, tuple[str, str, str]] = OrderedDict()
        self._known: dict[str, set[str]] = {}
        self._takes: dict[str, Callable[[Any], None]] = {
            "job.enqueued": self._enqueued,
            "attempt.started": self._started,
            "attempt.stopped": self._stopped,
            "jobs.settled": self._settled,
            "job.stale": self._stale,
            "jobs.claimed": self._claimed,
            "worker.rescued": self._rescued,
            "worker.lost": lambda _: sink.count(m.LEASES_LOST, ()),
            "event.appended": lambda told: sink.count(m.EVENTS_EMITTED, (self._bounded("type", told["type"]),)),
            "event.handled": self._handled,
            "subscription.failed": self._failed,
            "subscription.parked": self._parked,
            "service.error": lambda told: sink.count(m.SERVICE_ERRORS, (self._bounded("service", told["service"]),)),
            "wakeup.sent": lambda told: sink.count(m.WAKEUPS, ("sent",), told["count"]),
            "wakeup.heard": lambda _: sink.count(m.WAKEUPS, ("heard",)),
        }

    def __call__(self, record: Record) -> None:
        take = self._takes.get(record.name)
        if take is not None:
            take(record.fields)

    def _enqueued(self, told: Any) -> None:
        self._sink.count(m.JOBS_ENQUEUED, self._job(told))

    def _started(self, told: Any) -> None:
        self._sink.observe(m.JOB_WAIT, (self._bounded("queue", told["queue"]),), max(0.0, self._since(told["run_at"])))

    def _stopped(self, told: Any) -> None:
        labels = self._job(told)
        self._sink.observe(m.JOB_DURATION, labels, told["duration"].total_seconds())
        if told["is_recorded"]:
            self._count(labels, told["outcome"])
            return
        self._ended[told["job"]] = *labels, told["outcome"]
        if len(self._ended) > _MOST_UNRECORDED:
            self._ended.popitem(last=False)

    def _settled(self, told: Any) -> None:
        for job in told["jobs"]:
            ended = self._ended.pop(job, None)
            if ended is not None:
                self._count(ended[:2], ended[2])

    def _stale(self, told: Any) -> None:
        self._ended.pop(told["job"], None)
        self._sink.count(m.STALE_COMPLETIONS, ())

    def _count(self, labels: tuple[str, str], outcome: str) -> None:
        if outcome == "completed":
            self._sink.count(m.JOBS_COMPLETED, labels)
        elif outcome in _ENDINGS:
            self._sink.count(m.JOBS_FAILED, (*labels, outcome))
        elif outcome in _AGAIN:
            self._sink.count(m.JOBS_RETRIED, labels)

    def _claimed(self, told: Any) -> None:
        self._sink.count(m.JOBS_CLAIMED, (), told["count"])
        self._sink.observe(m.CLAIM_TIME, (), told["duration"].total_seconds())

    def _rescued(self, told: Any) -> None:
        for outcome in ("returned", "buried"):
            if told[outcome]:
                self._sink.count(m.JOBS_RESCUED, (outcome,), told[outcome])

    def _handled(self, told: Any) -> None:
        labels = self._bounded("handler", told["handler"]), told["mode"]
        self._sink.observe(m.EVENT_PROCESSING, labels, told["duration"].total_seconds())
        # A batch that fails is tried again in halves: what counts is the one event that fails, told of below.
        if told["outcome"] == "raised" and told["mode"] != "ordered":
            self._sink.count(m.HANDLER_ERRORS, labels)

    def _failed(self, told: Any) -> None:
        self._sink.count(m.HANDLER_ERRORS, (self._bounded("handler", told["subscription"]), "ordered"))

    def _parked(self, told: Any) -> None:
        self._failed(told)
        self._sink.count(m.STREAMS_PARKED, (self._bounded("handler", told["subscription"]),))

    def _job(self, told: Any) -> tuple[str, str]:
        return self._bounded("kind", told["kind"]), self._bounded("queue", told["queue"])

    def _bounded(self, label: str, value: str) -> str:
        known = self._known.setdefault(label, set())
        if value in known:
            return value
        if len(known) >= MOST_VALUES:
            return OTHER
        known.add(value)
        return value


def _seconds_since(moment: datetime) -> float:
    return (datetime.now(UTC) - moment).total_seconds()
