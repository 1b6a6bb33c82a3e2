import asyncio
import time
from datetime import timedelta

import pytest

from fix_apps import Records, eventually
from headrace import Headrace
from headrace.db.listener import JOBS_CHANNEL
from headrace.db.notifier import Notifier
from headrace.telemetry import Telemetry


@pytest.fixture
async def heard(connection):
    told: list[tuple[str, str]] = []
    for channel in ("one", "two", JOBS_CHANNEL):
        await connection.add_listener(channel, lambda _c, _p, channel, payload: told.append((channel, payload)))
    return told


async def test_a_wake_up_is_sent_soon_and_empty(pool, heard):
    notifier = Notifier(pool, telemetry=Telemetry())
    notifier.start()
    notifier.notify("one")
    await eventually(lambda: heard == [("one", "")])
    await notifier.stop()


async def test_a_wake_up_tells_what_it_is_about(pool, heard):
    notifier = Notifier(pool, telemetry=Telemetry())
    notifier.start()
    notifier.notify("one", "mail")
    notifier.notify("one", "post")
    await notifier.stop()
    await eventually(lambda: sorted(heard) == [("one", "mail"), ("one", "post")])


async def test_wake_ups_close_to_one_another_are_sent_together(pool, heard):
    """However fast they come, a channel is told once in every interval and once at the end."""
    notifier = Notifier(pool, telemetry=Telemetry(), interval=timedelta(milliseconds=50))
    notifier.start()
    began = time.monotonic()
    for _ in range(400):
        notifier.notify("one")
        notifier.notify("two")
        await asyncio.sleep(0.001)
    passed = time.monotonic() - began
    await notifier.stop()
    await eventually(lambda: len({channel for channel, _ in heard}) == 2)
    for channel in ("one", "two"):
        assert heard.count((channel, "")) <= passed / 0.05 + 2


async def test_what_is_pending_at_the_end_is_sent_before_it_stops(pool, heard):
    notifier = Notifier(pool, telemetry=Telemetry())
    notifier.start()
    notifier.notify("one")
    await notifier.stop()
    await eventually(lambda: heard == [("one", "")])


async def test_a_wake_up_survives_a_lost_session(pool, heard, connection):
    records = Records()
    notifier = Notifier(pool, telemetry=Telemetry(records.append))
    notifier.start()
    notifier.notify("one")
    await eventually(lambda: heard)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name LIKE '% notifier' AND datname = current_database()"
    )
    notifier.notify("two")
    await eventually(lambda: ("two", "") in heard, 3)
    await notifier.stop()


async def test_stopping_does_not_fail_where_the_server_is_out_of_reach(pool, monkeypatch):
    records = Records()
    notifier = Notifier(pool, telemetry=Telemetry(records.append))

    async def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(pool, "connect", refuse)
    notifier.start()
    notifier.notify("one")
    await notifier.stop()
    assert records.named("notifier.unsent")


async def test_an_app_that_enqueues_and_closes_at_once_still_wakes_the_workers(database, heard):
    async with Headrace(database, say=lambda _: None) as app:
        app.declare("any")
        await app.enqueue("any")
    await eventually(lambda: (JOBS_CHANNEL, "default") in heard, 2)


async def test_an_app_that_closes_right_after_the_callers_commit_still_wakes_the_workers(database, heard, connection):
    async with Headrace(database, say=lambda _: None) as app:
        app.declare("any")
        async with connection.transaction():
            await app.enqueue("any", connection=connection)
    await eventually(lambda: (JOBS_CHANNEL, "") in heard, 2)
