"""What needs somebody, judged from one look: what is wrong, and what to do next. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from headrace.console.live.look import MOST_BEHIND, MOST_DEAD, Look
from headrace.console.words import ago, count, plural, span

_LATE_HEAD = timedelta(seconds=10)
_LATE_BEAT = timedelta(seconds=10)
_LATE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something to do: how bad it is, what is so, what to do about it, and the page to do it on."""

    level: Literal["problem", "warning", "notice"]
    fact: str
    next_step: str
    path: str


def alarms(seen: Look) -> list[Alarm]:
    """The alarms of a look, the worst first."""
    order = {"problem": 0, "warning": 1, "notice": 2}
    return sorted(_found(seen), key=lambda one: order[one.level])


def _found(seen: Look) -> Iterator[Alarm]:
    due = sum(queue.due_count for queue in seen.queues)
    if due and not seen.workers:
        yield Alarm(
            "problem", f"{plural(due, 'job')} due, and no worker runs", "Start one: headrace worker", "/workers"
        )
    yield from _queues(seen)
    for worker in seen.workers:
        silent = seen.at - worker.heartbeat_at
        if silent > _LATE_BEAT:
            yield Alarm(
                "warning",
                f"Worker {worker.id} on {worker.host} has been silent for {span(silent)}",
                "Its jobs go to others when its lease ends; look at the process.",
                "/workers",
            )
    if seen.head.newest > seen.head.position and seen.head.age > _LATE_HEAD:
        yield Alarm(
            "problem",
            f"The safe head has stood still for {span(seen.head.age)}; no reader gets new events",
            "Look for a transaction that was left open: headrace doctor",
            "/subscriptions",
        )
    yield from _subscriptions(seen)
    if seen.dead_count:
        yield Alarm(
            "warning",
            f"{count(seen.dead_count, MOST_DEAD)} dead {'job' if seen.dead_count == 1 else 'jobs'}",
            "See what they died of; once that is mended, bring them back.",
            "/dead",
        )


def _queues(seen: Look) -> Iterator[Alarm]:
    for queue in seen.queues:
        if queue.paused_at is not None:
            why = f": {queue.pause_reason}" if queue.pause_reason else ""
            yield Alarm(
                "notice",
                f"Queue {queue.name} was paused {ago(queue.paused_at, seen.at)} by {queue.paused_by}{why}",
                "Resume it when that is over.",
                "/queues",
            )
        elif queue.due_count and seen.workers and not queue.worker_count:
            yield Alarm(
                "problem",
                f"No worker serves queue {queue.name}, and {plural(queue.due_count, 'job')} of it due",
                f"Start one: headrace worker --queue {queue.name}",
                "/queues",
            )


def _subscriptions(seen: Look) -> Iterator[Alarm]:
    for one in seen.subscriptions:
        if one.parked_streams:
            yield Alarm(
                "warning",
                f"Subscription {one.name} has parked {plural(one.parked_streams, 'stream')} at an event that fails",
                "Mend its handler, then resume them.",
                "/subscriptions",
            )
        if one.paused_at is None and one.behind_seconds > _LATE_SECONDS:
            yield Alarm(
                "warning",
                f"Subscription {one.name} is {span(one.behind_seconds)} behind "
                f"({count(one.behind_count, MOST_BEHIND)} events)",
                "Is a worker running? Then give it more lanes, or its handler larger batches.",
                "/subscriptions",
            )
