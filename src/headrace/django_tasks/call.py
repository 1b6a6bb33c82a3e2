"""A call of a task as the args of a job, and the task it names."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec
from django.utils import module_loading

from headrace.django_tasks.framework import framework
from headrace.ids import uuid7_moment
from headrace.jobs.browse import FailureDetail, JobDetail
from headrace.jobs.job import Priority, State

TASK_KIND = "django-task"

_URGENT = 50


class TaskCall(msgspec.Struct, frozen=True):
    """Which task is called with what: the args of a `django-task` job."""

    task: str
    args: list[Any]
    kwargs: dict[str, Any]
    backend: str = "default"
    priority: int = 0


def called_task(call: TaskCall, **changes: Any) -> Any:
    """The task of a call. Raises ImportError where it is gone."""
    return (
        cast("Any", module_loading)
        .import_string(call.task)
        .using(backend=call.backend, priority=call.priority, **changes)
    )


def new_result(task: Any, call: TaskCall, *, id: str, status: str, **fields: Any) -> Any:  # noqa: A002 - Django's name
    """A result of the framework's own class; times that are left out have not come yet."""
    base = framework("base")
    times = dict.fromkeys(("enqueued_at", "started_at", "last_attempted_at", "finished_at"))
    return base.TaskResult(
        task=task,
        id=id,
        status=base.TaskResultStatus[status],
        args=call.args,
        kwargs=call.kwargs,
        backend=call.backend,
        **{"errors": [], "worker_ids": [], **times, **fields},
    )


def stored_result(call: TaskCall, job: JobDetail) -> Any:
    """What is stored of a job, as the result of its task."""
    base = framework("base")
    task = called_task(call, queue_name=job.queue)
    begun = [one.failed_at - one.duration for one in job.failures if one.duration is not None]
    if job.claimed_at is not None and job.state in ("processing", "completed"):
        begun.append(job.claimed_at)
    workers = [one.worker_id for one in job.failures]
    if job.state in ("processing", "completed"):
        workers.append(job.worker_id)
    result = new_result(
        task,
        call,
        id=str(job.id),
        status=_status(job.state),
        enqueued_at=enqueued_at(job.id),
        started_at=begun[0] if begun else None,
        last_attempted_at=begun[-1] if begun else None,
        finished_at=job.ended_at,
        errors=[base.TaskError(exception_class_path=_path(one), traceback=_traceback(one)) for one in job.failures],
        worker_ids=[str(worker) for worker in workers],
    )
    # The field is the framework's own, set so by every backend.
    object.__setattr__(result, "_return_value", job.result)
    return result


def enqueued_at(job_id: UUID) -> datetime:
    """When a job was enqueued: its id tells."""
    return uuid7_moment(job_id)


def job_priority(priority: int) -> Priority:
    """The priority of a job for a task's, -100 to 100."""
    if priority >= _URGENT:
        return Priority.CRITICAL
    if priority > 0:
        return Priority.HIGH
    return Priority.NORMAL if priority == 0 else Priority.LOW


def _status(state: State) -> str:
    match state:
        case "pending" | "scheduled":
            return "READY"
        case "processing":
            return "RUNNING"
        case "completed":
            return "SUCCESSFUL"
        case "failed" | "cancelled" | "dead":
            return "FAILED"


def _path(failure: FailureDetail) -> str:
    name = str(failure.error["type"])
    return name if "." in name else f"builtins.{name}"


def _traceback(failure: FailureDetail) -> str:
    return str(failure.error.get("traceback") or failure.error["message"])
