"""The backend that stores tasks as jobs, in the transaction Django is in."""

from contextlib import nullcontext
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec
from django.db import connections, transaction
from django.utils import timezone

from headrace.adapters.django import DjangoBorrowed
from headrace.app import Headrace
from headrace.django_tasks.call import (
    TASK_KIND,
    TaskCall,
    enqueued_at,
    job_priority,
    new_result,
    stored_result,
)
from headrace.django_tasks.framework import framework
from headrace.errors import JobNotFoundError
from headrace.jobs.browse import show_job
from headrace.sync import complete

_Base: Any = framework("backends.base").BaseTaskBackend


class TaskBackend(_Base):
    """Stores tasks as jobs of kind `django-task`; a worker with `serve_tasks(app)` runs them.

        TASKS = {"default": {"BACKEND": "headrace.django_tasks.TaskBackend"}}

    OPTIONS may name the `database` (an alias, "default") and `max_attempts` (3). Inside
    `transaction.atomic()` a task exists if and only if that commits; outside it is stored at once.
    Priorities from 50 on are critical, above 0 high, 0 is normal, below is low.
    """

    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        _Base.__init__(self, alias, params)
        options: dict[str, Any] = params.get("OPTIONS", {})
        self._database: str = options.get("database", "default")
        self._app = Headrace(name="django")
        self._app.declare(TASK_KIND, args_type=TaskCall, max_attempts=options.get("max_attempts", 3))

    def enqueue(self, task: Any, args: Any, kwargs: Any) -> Any:
        """Stores a call of the task; its result, to be refreshed or looked up by its id."""
        self.validate_task(task)
        given = TaskCall(task.module_path, list(args), dict(kwargs), self.alias, task.priority)
        # The framework's class makes plain JSON of the arguments, and refuses what is none.
        result = new_result(task, given, id="", status="READY")
        connection = cast("Any", connections)[self._database]
        is_in_transaction = DjangoBorrowed(connection).is_in_transaction()
        with nullcontext() if is_in_transaction else cast("Any", transaction).atomic(using=self._database):
            job = self._app.sync.enqueue(
                TASK_KIND,
                msgspec.structs.replace(given, args=result.args, kwargs=result.kwargs),
                queue=task.queue_name,
                priority=job_priority(task.priority),
                run_at=_aware(task.run_after),
                connection=connection,
            )
        # As the framework's own backends do: its results are frozen for users.
        object.__setattr__(result, "id", str(job.id))
        object.__setattr__(result, "enqueued_at", enqueued_at(job.id))
        framework("signals").task_enqueued.send(type(self), task_result=result)
        return result

    def get_result(self, result_id: str) -> Any:
        """The result as it stands. Raises TaskResultDoesNotExist for an id that is no task's."""
        unknown = framework("exceptions").TaskResultDoesNotExist(result_id)
        try:
            job = complete(show_job(DjangoBorrowed(connections[self._database]), UUID(result_id)))
        except (ValueError, JobNotFoundError) as error:
            raise unknown from error
        if job.kind != TASK_KIND:
            raise unknown
        return stored_result(msgspec.convert(job.args, TaskCall), job)


def _aware(moment: datetime | None) -> datetime | None:
    """The moment in Django's time zone, where the settings leave it without one."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return cast("Any", timezone).make_aware(moment)
