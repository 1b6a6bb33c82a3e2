"""The tasks that tests of the Django backend call; importable by a worker, as Django's own `tasks.py` would be."""

from typing import Any

from headrace import Discard
from headrace.django_tasks.framework import framework

task: Any = framework().task


@task()
def add(a: int, b: int = 0) -> int:
    return a + b


@task(takes_context=True, priority=60, queue_name="fast")
def tell_attempt(context: Any) -> int:
    return context.attempt


@task()
async def add_later(a: int) -> int:
    return a + 1


@task()
def break_down() -> None:
    raise LookupError("nothing there")


@task()
def count_jobs() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM headrace.job")
        return cursor.fetchone()[0]


@task()
def give_up() -> None:
    raise Discard("no use")
