"""Assertions on the jobs an application asked for; a message lists what is there instead."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from headrace.app import Headrace
from headrace.errors import ConfigurationError
from headrace.jobs.job import STATES, TERMINAL, Priority, State
from headrace.jobs.registry import read_priority
from headrace.testing.matching import ANYTHING, mismatch
from headrace.testing.stored_job import StoredJob, stored_jobs

TOLERANCE = timedelta(seconds=1)
_MOST_LISTED = 20


async def assert_enqueued(
    app: Headrace,
    kind: str,
    args: object = ANYTHING,
    *,
    queue: str | None = None,
    priority: Priority | str | None = None,
    state: State | None = None,
    count: int | None = None,
    run_at: datetime | None = None,
    delay: timedelta | None = None,
    tolerance: timedelta = TOLERANCE,
    metadata: object = ANYTHING,
    among: Collection[StoredJob] | None = None,
) -> list[StoredJob]:
    """Asserts that jobs like this were enqueued: `count` of them, at least one where it is None; gives them.

    `args` and `metadata` may be a part of the whole, a structure, or a function of the JSON value, see
    `headrace.testing.matching.mismatch`. `run_at` and `delay` (from the virtual now, else from when the
    job was stored) are right within `tolerance`. Jobs count in whatever state unless one is given: a job
    that has run was enqueued. `among` looks at these jobs instead of at the database's. Raises
    AssertionError, and ConfigurationError for what no job can be: a kind the app does not know, a state
    or a priority there is not.
    """
    app.kinds.get(kind)
    if state is not None and state not in STATES:
        raise ConfigurationError(f"state must be one of {', '.join(STATES)}, got {state!r}")
    wanted = _WantedJob(
        args=args,
        queue=queue,
        priority=None if priority is None else read_priority(priority),
        state=state,
        run_at=run_at,
        delay=delay,
        tolerance=tolerance,
        metadata=metadata,
        now=app.clock.override(),
    )
    jobs = [one for one in among if one.kind == kind] if among is not None else await stored_jobs(app, kind=kind)
    differences = [(one, wanted.difference(one)) for one in jobs]
    found = [one for one, difference in differences if difference is None]
    if (count is None and found) or len(found) == count:
        return found
    how_many = "at least one job" if count is None else "no job" if count == 0 else f"{count} job(s)"
    lines = [
        f"expected {how_many} of kind {kind!r}{wanted}, found {len(found)}; "
        + (f"of {len(jobs)}:" if jobs else f"there is no {kind} at all, but:"),
        *(f"  {one}" + (f": {difference}" if difference else "") for one, difference in differences[:_MOST_LISTED]),
    ]
    if not jobs:
        others = list(among) if among is not None else await stored_jobs(app)
        lines += [f"  {one}" for one in others[:_MOST_LISTED]]
    raise AssertionError("\n".join(lines))


async def assert_not_enqueued(app: Headrace, kind: str, args: object = ANYTHING, **options: Any) -> None:
    """Asserts that no job like this was ever enqueued; `options` are those of `assert_enqueued`."""
    await assert_enqueued(app, kind, args, count=0, **options)


async def assert_no_jobs(app: Headrace, *, kind: str | None = None, queue: str | None = None) -> None:
    """Asserts that no job (of this kind, in this queue) waits or runs; those that have ended do not count.

    Raises ConfigurationError for a kind the app does not know.
    """
    if kind is not None:
        app.kinds.get(kind)
    left = [
        one
        for one in await stored_jobs(app, kind=kind)
        if one.state not in TERMINAL and (queue is None or one.queue == queue)
    ]
    if left:
        lines = [f"expected no job that waits or runs, found {len(left)}:", *(f"  {one}" for one in left)]
        raise AssertionError("\n".join(lines[: _MOST_LISTED + 1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _WantedJob:
    args: object
    queue: str | None
    priority: Priority | None
    state: State | None
    run_at: datetime | None
    delay: timedelta | None
    tolerance: timedelta
    metadata: object
    now: datetime | None

    def difference(self, job: StoredJob) -> str | None:
        """What is not as wanted, None for nothing."""
        if self.queue is not None and job.queue != self.queue:
            return f"its queue is not {self.queue!r}"
        if self.priority is not None and job.priority != self.priority.name.lower():
            return f"its priority is not {self.priority.name.lower()}"
        if self.state is not None and job.state != self.state:
            return f"its state is not {self.state}"
        if self.run_at is not None and abs(job.run_at - self.run_at) > self.tolerance:
            return f"it is due {job.run_at.isoformat()}, not {self.run_at.isoformat()}"
        if self.delay is not None and abs(job.delay(self.now) - self.delay) > self.tolerance:
            return f"its delay is {job.delay(self.now)}, not {self.delay}"
        return mismatch(self.args, job.args, name="args") or mismatch(self.metadata, job.metadata, name="metadata")

    def __str__(self) -> str:
        parts = [
            f"{name}={value!r}"
            for name, value in (
                ("args", self.args),
                ("queue", self.queue),
                ("priority", self.priority and self.priority.name.lower()),
                ("state", self.state),
                ("run_at", self.run_at and self.run_at.isoformat()),
                ("delay", self.delay and str(self.delay)),
                ("metadata", self.metadata),
            )
            if value is not None and value is not ANYTHING
        ]
        return f" with {', '.join(parts)}" if parts else ""
