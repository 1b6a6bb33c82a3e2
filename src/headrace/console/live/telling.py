"""What is seen, in words, each under the name an element of a page has it by. Pure."""

from collections.abc import Sequence
from datetime import timedelta

from headrace.console import chart
from headrace.console.live.history import KEPT, History
from headrace.console.live.look import MOST_BEHIND, MOST_DEAD, Latency, Look
from headrace.console.words import NOTHING, brief, count, iso, rate, span
from headrace.events.browse import EventDetail
from headrace.jobs.queues import MOST_COUNTED

CHART = chart.Frame(width=600, height=160)


def tell(seen: Look, history: History) -> dict[str, str]:
    """Everything that is live on any page."""
    now = history.last
    told = {
        "at": iso(seen.at),
        "rate.ended": rate(now.ended if now else None),
        "rate.enqueued": rate(now.enqueued if now else None),
        "rate.failures": rate(now.failures if now else None),
        "rate.events": rate(now.events if now else None),
        "dead": count(seen.dead_count, MOST_DEAD),
        "due": count(sum(one.due_count for one in seen.queues), MOST_COUNTED),
        "later": count(sum(one.later_count for one in seen.queues), MOST_COUNTED),
        "running": count(sum(one.running_count for one in seen.queues)),
        "places": count(sum(one.concurrency for one in seen.workers if one.stopping_at is None)),
        "workers": count(len(seen.workers)),
        "head.position": count(seen.head.position),
        "head.age": span(max(timedelta(0), seen.head.age)) if seen.head.newest > seen.head.position else NOTHING,
        "head.waiting": count(max(0, seen.head.newest - seen.head.position)),
        "jobs.rows": count(seen.totals.job_rows),
        # What the server counts lags behind; nothing is better than none beside a position.
        "events.rows": count(seen.totals.event_rows) if seen.totals.event_rows or not seen.head.newest else NOTHING,
        **_latency("wait", seen.sample.wait),
        **_latency("run", seen.sample.run),
    }
    for queue in seen.queues:
        told[f"queue.{queue.name}.due"] = count(queue.due_count, MOST_COUNTED)
        told[f"queue.{queue.name}.later"] = count(queue.later_count, MOST_COUNTED)
        told[f"queue.{queue.name}.running"] = count(queue.running_count)
        told[f"queue.{queue.name}.workers"] = count(queue.worker_count)
    for worker in seen.workers:
        told[f"worker.{worker.id}.held"] = count(worker.held_count)
        told[f"worker.{worker.id}.beat"] = span(max(timedelta(0), seen.at - worker.heartbeat_at))
    for one in seen.subscriptions:
        told[f"subscription.{one.name}.behind"] = count(one.behind_count, MOST_BEHIND)
        told[f"subscription.{one.name}.seconds"] = span(one.behind_seconds) if one.behind_count else NOTHING
        told[f"subscription.{one.name}.parked"] = count(one.parked_streams)
    return {**told, **_charts(history)}


def tell_events(events: Sequence[EventDetail]) -> list[dict[str, str]]:
    """The newest events, oldest first, for lists that grow."""
    return [
        {
            "position": str(one.position),
            "type": one.type,
            "stream": f"{one.aggregate_type}/{one.aggregate_id}" if one.aggregate_type else "",
            "aggregate": one.aggregate_type or "",
            "id": one.aggregate_id or "",
            "tenant": one.tenant_id,
            "data": brief(one.data),
            "at": iso(one.recorded_at),
        }
        for one in reversed(events)
    ]


def _latency(name: str, found: Latency | None) -> dict[str, str]:
    return {
        f"latency.{name}.p50": span(found.p50 if found else None),
        f"latency.{name}.p95": span(found.p95 if found else None),
        f"latency.{name}.p99": span(found.p99 if found else None),
    }


def _charts(history: History) -> dict[str, str]:
    """The lines of the overview's two charts, and the numbers at their tops."""
    if not history.points:
        return {}
    end = history.points[-1].at
    told: dict[str, str] = {}
    for name, series in (("jobs", ("enqueued", "ended", "failures")), ("events", ("events",))):
        top = chart.ceiling(max(getattr(point, one) for point in history.points for one in series))
        for one in series:
            points = [((point.at - end) / KEPT + 1, getattr(point, one) / top) for point in history.points]
            told[f"chart.{name}.{one}"] = chart.line(points, CHART)
        told[f"chart.{name}.top"] = f"{rate(top)}/s"
        told[f"chart.{name}.middle"] = rate(top / 2)
    return told
