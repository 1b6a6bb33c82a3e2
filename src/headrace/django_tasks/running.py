"""Runs Django's tasks in a worker."""

from datetime import UTC, datetime
from traceback import format_exception
from typing import Any, cast

from django import db

from headrace.app import Headrace
from headrace.django_tasks.call import TASK_KIND, TaskCall, called_task, enqueued_at, new_result
from headrace.django_tasks.framework import framework
from headrace.jobs.handle import Job
from headrace.jobs.outcome import Ended, decide_on_error
from headrace.jobs.retry import RetryPolicy


def serve_tasks(app: Headrace, *, queue: str = "default", retry: RetryPolicy | None = None) -> None:
    """Makes the app's workers run tasks that `TaskBackend` stored.

    Tasks of other queues than `queue` need a worker told to serve those. Each runs in a thread, a
    coroutine on an event loop of its own. An exception is tried again as `retry` says.
    """
    policy = retry or RetryPolicy()

    def run(call: TaskCall, job: Job) -> Any:
        return run_task(call, job, policy)

    app.job(TASK_KIND, queue=queue, retry=policy)(run)


def run_task(call: TaskCall, job: Job, policy: RetryPolicy) -> Any:
    """One attempt at a task, told by the framework's signals; its return value is the job's result.

    `policy` says, as for the job, whether an error is the task's end.
    """
    base, signals = framework("base"), framework("signals")
    database = cast("Any", db)
    database.close_old_connections()
    try:
        task = called_task(call, queue_name=job.queue)
        sender = cast("object", type(task.get_backend()))
        began_at = datetime.now(UTC)
        result = new_result(
            task,
            call,
            id=str(job.id),
            status="RUNNING",
            enqueued_at=enqueued_at(job.id),
            started_at=began_at,
            last_attempted_at=began_at,
            worker_ids=[""] * job.attempt,
        )
        signals.task_started.send(sender=sender, task_result=result)
        context = [base.TaskContext(task_result=result)] if task.takes_context else []
        try:
            value = task.call(*context, *call.args, **call.kwargs)
        except Exception as error:
            verdict = decide_on_error(
                error, attempt=job.attempt, max_attempts=job.max_attempts, policy=policy, chance=0
            )
            if isinstance(verdict, Ended):
                _end(result, "FAILED", sender, error=error)
            raise
        _end(result, "SUCCESSFUL", sender, value=value)
        return value
    finally:
        database.close_old_connections()


def _end(result: Any, status: str, sender: Any, *, value: Any = None, error: Exception | None = None) -> None:
    base, signals = framework("base"), framework("signals")
    object.__setattr__(result, "status", base.TaskResultStatus[status])
    object.__setattr__(result, "finished_at", datetime.now(UTC))
    object.__setattr__(result, "_return_value", value)
    if error is not None:
        kind = type(error)
        path = f"{kind.__module__}.{kind.__qualname__}"
        result.errors.append(base.TaskError(exception_class_path=path, traceback="".join(format_exception(error))))
    signals.task_finished.send(sender=sender, task_result=result)
