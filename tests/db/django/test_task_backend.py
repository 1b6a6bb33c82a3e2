"""Django's tasks on jobs: by the framework of Django itself or its backport, whichever is there."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import pytest

from fix_apps import AT_ONCE, Bench
from fix_django import configure, django_connection
from headrace import Headrace

configure()

from django.db import connections, transaction  # noqa: E402

import django_shop as shop  # noqa: E402 - Django has to be set up first
from headrace.django_tasks import django_address, serve_tasks  # noqa: E402
from headrace.django_tasks.call import TASK_KIND, job_priority  # noqa: E402
from headrace.django_tasks.framework import framework  # noqa: E402
from headrace.errors import ConfigurationError  # noqa: E402

exceptions = framework("exceptions")
signals = framework("signals")


@pytest.fixture(autouse=True)
async def _default(database) -> AsyncIterator[None]:
    with django_connection(database, "default"):
        yield


@pytest.fixture
def app(bench: Bench) -> Headrace:
    serve_tasks(bench.app, retry=AT_ONCE)
    return bench.app


async def work_off(bench: Bench, result: Any, state: str = "completed", **options: Any) -> Any:
    """The result once its job has ended."""
    async with bench.working(**options):
        await bench.reaches(UUID(result.id), state)
    result.refresh()
    return result


async def count(connection: asyncpg.Connection) -> int:
    return await connection.fetchval("SELECT count(*) FROM headrace.job")


async def test_a_task_is_stored_with_the_commit_and_not_with_a_rollback(app, connection):
    with transaction.atomic():
        shop.add.enqueue(1)
        assert await count(connection) == 0
    assert await count(connection) == 1
    with pytest.raises(LookupError), transaction.atomic():
        shop.add.enqueue(2)
        raise LookupError
    assert await count(connection) == 1
    shop.add.enqueue(3)  # outside any block, at once
    assert await count(connection) == 2


async def test_a_task_runs_and_its_value_can_be_had(app, bench):
    result = shop.add.enqueue(1, b=41)
    assert (result.status, result.attempts, result.is_finished) == ("READY", 0, False)
    await work_off(bench, result)
    assert (result.status, result.return_value, result.attempts) == ("SUCCESSFUL", 42, 1)
    assert result.enqueued_at <= result.started_at <= result.finished_at
    again = shop.add.get_result(result.id)
    assert (again.return_value, again.args, again.kwargs, again.task) == (42, [1], {"b": 41}, shop.add)


async def test_a_coroutine_runs_and_can_be_enqueued_from_one(app, bench):
    assert (await work_off(bench, await shop.add_later.aenqueue(1))).return_value == 2


async def test_a_task_may_use_djangos_database(app, bench):
    assert (await work_off(bench, shop.count_jobs.enqueue())).return_value == 1


async def test_queue_priority_and_context_are_taken_over(app, bench):
    result = shop.tell_attempt.enqueue()
    stored = await bench.show(UUID(result.id))
    assert (stored.kind, stored.queue, stored.priority, stored.max_attempts) == (TASK_KIND, "fast", "critical", 1)
    assert (await work_off(bench, result, queues=("fast",))).return_value == 1
    assert shop.tell_attempt.get_result(result.id).task == shop.tell_attempt


async def test_a_task_that_raises_has_failed_with_its_traceback(app, bench):
    result = await work_off(bench, shop.break_down.enqueue(), "dead")
    assert result.status == "FAILED"
    assert [error.exception_class for error in result.errors] == [LookupError]
    assert "nothing there" in result.errors[0].traceback
    with pytest.raises(ValueError, match="failed"):
        _ = result.return_value


async def test_a_task_waits_for_its_time(app, bench, connection):
    moment = datetime.now(UTC) + timedelta(days=1)
    shop.add.using(run_after=moment).enqueue(1)
    assert await connection.fetchval("SELECT run_at FROM headrace.run") == moment


async def test_arguments_that_are_no_json_are_refused(app, connection):
    with pytest.raises((TypeError, ValueError)):
        shop.add.enqueue(object())
    assert await count(connection) == 0


async def test_an_id_that_is_no_tasks_has_no_result(app):
    app.declare("mail")
    for result_id in ("nothing", str((await app.enqueue("mail")).id), "01a20b98-f4d3-7039-b8bd-85db840c18fe"):
        with pytest.raises(exceptions.TaskResultDoesNotExist):
            shop.add.get_result(result_id)


async def test_the_frameworks_signals_tell_of_a_task(app, bench):
    told: list[tuple[str, str]] = []

    def note(name: str) -> Any:
        return lambda task_result, **_: told.append((name, task_result.status))

    receivers = {name: note(name) for name in ("task_enqueued", "task_started", "task_finished")}
    for name, receiver in receivers.items():
        getattr(signals, name).connect(receiver)
    try:
        await work_off(bench, shop.add.enqueue(1))
        await work_off(bench, shop.break_down.enqueue(), "dead")
    finally:
        for name, receiver in receivers.items():
            getattr(signals, name).disconnect(receiver)
    each = [("task_enqueued", "READY"), ("task_started", "RUNNING")]
    assert told == [*each, ("task_finished", "SUCCESSFUL"), *each, ("task_finished", "FAILED")]


async def test_the_end_of_a_task_that_is_not_tried_again_is_told_with_its_traceback(app, bench):
    told: list[tuple[str, str]] = []

    def note(task_result: Any, **_: Any) -> None:
        told.append((task_result.status, task_result.errors[0].traceback))

    signals.task_finished.connect(note)
    try:
        await work_off(bench, shop.give_up.enqueue(), "failed")
    finally:
        signals.task_finished.disconnect(note)
    ((status, text),) = told
    assert status == "FAILED"
    assert text.startswith("Traceback")
    assert "in give_up" in text


def test_djangos_numbers_fall_into_the_four_priorities():
    numbers = (-100, -1, 0, 1, 49, 50, 100)
    assert [job_priority(number).name for number in numbers] == [
        "LOW",
        "LOW",
        "NORMAL",
        "HIGH",
        "HIGH",
        "CRITICAL",
        "CRITICAL",
    ]


@pytest.mark.parametrize(
    ("entry", "address"),
    [
        ({"NAME": "shop"}, "postgresql:///shop"),
        (
            {"NAME": "a b", "USER": "me@x", "PASSWORD": "p/w:", "HOST": "db.example", "PORT": 5433},
            "postgresql://me%40x:p%2Fw%3A@db.example:5433/a%20b",
        ),
        ({"NAME": "s", "USER": "u", "HOST": "/run/pg", "PORT": "1"}, "postgresql://u@/s?host=%2Frun%2Fpg&port=1"),
        ({"NAME": "s", "HOST": "h", "OPTIONS": {"sslmode": "require"}}, "postgresql://h/s?sslmode=require"),
    ],
)
def test_the_address_is_that_of_djangos_settings(entry, address, settings_of):
    settings_of({"default": {"ENGINE": "django.db.backends.postgresql", **entry}})
    assert django_address() == address


def test_a_database_that_is_no_postgresql_has_no_address(settings_of):
    settings_of({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "x"}})
    for alias in ("default", "other"):
        with pytest.raises(ConfigurationError, match=f"DATABASES\\['{alias}'\\] must be a PostgreSQL database"):
            django_address(alias)


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    from django.conf import settings

    return lambda databases: monkeypatch.setattr(settings, "DATABASES", databases)


async def test_the_address_of_the_settings_can_be_connected_to(database, settings_of):
    settings_of({"default": connections["default"].settings_dict})
    session = await asyncpg.connect(django_address())
    assert await session.fetchval("SELECT current_database()") == urlsplit(database).path[1:]
    await session.close()
