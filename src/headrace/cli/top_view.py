"""What `headrace top` shows of one look."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from headrace.doctor.overview import Overview, Pace
from headrace.events.survey import COUNT_LIMIT
from headrace.jobs.queues import MOST_COUNTED

_LATE_SECONDS = 5.0
_BEHIND_SECONDS = 60.0
_STILL_SECONDS = 10.0
_MOST_ROWS = 12


def render(app: str, found: Overview, paced: Pace | None) -> RenderableType:
    """The whole screen: what needs somebody comes first, in a frame."""
    parts: list[RenderableType] = [_summary(app, found, paced)]
    alarms = list(alarms_of(found))
    if alarms:
        parts.append(Panel(Text("\n".join(alarms)), title="look here", title_align="left", border_style="red"))
    parts += [_queues(found), _running(found), _workers(found), _subscriptions(found)]
    return Group(*parts)


def alarms_of(found: Overview) -> Iterator[str]:
    """What needs somebody, each with what to do."""
    due = sum(one.due_count for one in found.queues)
    if due and not any(one.stopping_at is None for one in found.workers):
        yield f"{_count(due)} jobs are due and no worker is registered: headrace --app MODULE:ATTRIBUTE worker"
    for queue in found.queues:
        if queue.paused_at is not None and queue.due_count:
            yield f"queue {queue.name} is paused by {queue.paused_by}: headrace queues resume {queue.name}"
    log = found.log
    if log.newest > log.position and log.settled_seconds_ago > _STILL_SECONDS:
        yield f"no event has become readable for {log.settled_seconds_ago:.0f} s: headrace doctor says who holds it up"
    for one in found.subscriptions:
        if one.parked_streams:
            yield f"{one.name} has parked {one.parked_streams} streams: headrace subscriptions parked {one.name}"
        elif one.behind_seconds > _BEHIND_SECONDS:
            yield f"{one.name} is {one.behind_seconds:.0f} s behind: headrace subscriptions list"


def _summary(app: str, found: Overview, paced: Pace | None) -> Text:
    running = sum(one.running_count for one in found.queues)
    places = sum(one.concurrency for one in found.workers if one.stopping_at is None)
    told = [
        f"{app}  {found.inserted.seen_at.astimezone():%H:%M:%S}",
        f"{running} running in {places} places of {len(found.workers)} workers",
        f"{_count(sum(one.due_count for one in found.queues))} due",
        f"position {found.log.position}",
    ]
    if paced is not None:
        told.append(f"{paced.enqueued:.0f} enqueued/s, {paced.ended:.0f} ended/s, {paced.appended:.0f} events/s")
    return Text("  |  ".join(told), style="bold")


def _queues(found: Overview) -> Table:
    shown = sorted(found.queues, key=lambda one: (-one.due_count, -one.running_count, one.name))
    return _table(
        "queues",
        ("queue", "due", "later", "running", "workers", "state"),
        [
            (
                one.name,
                _count(one.due_count),
                _count(one.later_count),
                one.running_count,
                one.worker_count,
                "open" if one.paused_at is None else f"paused by {one.paused_by}",
            )
            for one in shown
        ],
    )


def _running(found: Overview) -> Table:
    shown = sorted(found.running, key=lambda one: -one.count)
    return _table(
        "running",
        ("kind", "jobs", "longest"),
        [(one.kind, one.count, f"{one.longest_seconds:.1f} s") for one in shown],
    )


def _workers(found: Overview) -> Table:
    now = found.inserted.seen_at
    return _table(
        "workers",
        ("worker", "app", "host", "pid", "held", "of", "heartbeat"),
        [
            (one.id, one.app, one.host, one.pid, one.held_count, one.concurrency, _beat(one.heartbeat_at, now))
            if one.stopping_at is None
            else (one.id, one.app, one.host, one.pid, one.held_count, one.concurrency, "stopping")
            for one in found.workers
        ],
    )


def _subscriptions(found: Overview) -> Table:
    shown = sorted(found.subscriptions, key=lambda one: (-one.behind_seconds, one.name))
    return _table(
        "subscriptions",
        ("subscription", "mode", "position", "behind", "for", "parked", "state"),
        [
            (
                one.name,
                one.mode,
                one.position,
                f"{one.behind_count}+" if one.behind_count >= COUNT_LIMIT else one.behind_count,
                f"{one.behind_seconds:.0f} s" if one.behind_count else "",
                one.parked_streams or "",
                "paused" if one.paused_at else "resting" if one.resting_count else "active",
            )
            for one in shown
        ],
    )


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    more = len(rows) - _MOST_ROWS
    table = Table(
        title=f"{title}, and {more} more" if more > 0 else title,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=None,
        pad_edge=False,
    )
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows[:_MOST_ROWS]:
        table.add_row(*(Text(str(cell)) for cell in row))
    if not rows:
        table.add_row(Text("none", style="dim"))
    return table


def _count(count: int) -> str:
    return f"{count}+" if count >= MOST_COUNTED else str(count)


def _beat(at: datetime, now: datetime) -> str:
    seconds = max(0.0, (now - at).total_seconds())
    return f"{seconds:.0f} s ago, late" if seconds > _LATE_SECONDS else f"{seconds:.0f} s ago"
