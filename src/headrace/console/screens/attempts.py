"""The timeline of a job: what happened to it, in order. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from headrace.jobs.browse import JobDetail
from headrace.jobs.job import TERMINAL


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened, or will: what, when, how long it took; the error of an attempt."""

    name: str
    tone: str
    at: datetime
    note: str = ""
    took: timedelta | None = None
    error: dict[str, Any] | None = None
    attempt: int | None = None


def timeline(job: JobDetail) -> list[Moment]:
    """From the enqueue to the end, or to what comes next."""
    told = [Moment("Enqueued", "quiet", job.created_at, _by(job))]
    told += [
        Moment(
            f"Attempt {failure.attempt} failed",
            "bad",
            failure.failed_at,
            "" if failure.worker_id is None else f"on worker {failure.worker_id}",
            failure.duration,
            failure.error,
            failure.attempt,
        )
        for failure in job.failures
    ]
    told += [
        Moment(f"Step {step.name} done", "quiet", step.ended_at, f"in attempt {step.attempt}", step.duration)
        for step in job.steps
    ]
    told.sort(key=lambda moment: moment.at)
    match job.state:
        case "processing" if job.claimed_at is not None:
            told.append(Moment(f"Attempt {job.attempt} runs", "busy", job.claimed_at, f"on worker {job.worker_id}"))
        case "pending":
            told.append(Moment("Due", "wait", job.run_at))
        case "scheduled":
            what = f"Held by {job.waits_for} others" if job.waits_for else "Due then"
            told.append(Moment(what, "wait", job.run_at))
        case state if state in TERMINAL and job.ended_at is not None:
            tone = "good" if state == "completed" else "quiet" if state == "cancelled" else "bad"
            note = "" if job.worker_id is None else f"in attempt {job.attempt}, on worker {job.worker_id}"
            told.append(Moment(state.capitalize(), tone, job.ended_at, note, job.duration))
        case _:
            pass
    return told


def _by(job: JobDetail) -> str:
    who = job.actor or job.user_id
    by = f"by {who}" if who else ""
    return f"{by} for tenant {job.tenant_id}".strip() if job.tenant_id else by
