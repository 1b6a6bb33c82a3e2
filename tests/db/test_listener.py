import asyncio
from datetime import timedelta

import asyncpg
import pytest

from fix_apps import Records, eventually
from headrace.db.listener import EVENTS_CHANNEL, HEAD_CHANNEL, JOBS_CHANNEL, Listener
from headrace.telemetry import Telemetry


@pytest.fixture
async def heard(pool):
    """What each channel was told; a started listener."""
    counts = {JOBS_CHANNEL: 0, EVENTS_CHANNEL: 0}
    listener = Listener(pool, telemetry=Telemetry(), check=timedelta(milliseconds=100))

    def count(channel: str) -> None:
        counts[channel] += 1

    for channel in counts:
        listener.subscribe(channel, lambda channel=channel: count(channel))
    listener.start()
    await eventually(lambda: counts[JOBS_CHANNEL] == 1 and counts[EVENTS_CHANNEL] == 1)
    yield counts
    await listener.stop()


async def backend(connection: asyncpg.Connection) -> int | None:
    return await connection.fetchval(
        "SELECT pid FROM pg_stat_activity WHERE application_name LIKE '% listener' AND datname = current_database()"
    )


async def test_a_hint_wakes_who_subscribed_to_its_channel(heard, connection):
    await connection.execute("SELECT pg_notify($1, '')", JOBS_CHANNEL)
    await eventually(lambda: heard[JOBS_CHANNEL] == 2)
    assert heard[EVENTS_CHANNEL] == 1


async def test_every_subscriber_of_a_channel_is_woken(pool, connection):
    first, second = asyncio.Event(), asyncio.Event()
    listener = Listener(pool, telemetry=Telemetry())
    listener.subscribe(JOBS_CHANNEL, first.set)
    listener.subscribe(JOBS_CHANNEL, second.set)
    listener.start()
    try:
        await asyncio.gather(first.wait(), second.wait())
        first.clear()
        second.clear()
        await connection.execute("SELECT pg_notify($1, '')", JOBS_CHANNEL)
        await asyncio.gather(first.wait(), second.wait())
    finally:
        await listener.stop()


async def test_a_hint_about_something_wakes_those_who_heed_it(pool, connection):
    told: list[str] = []
    listener = Listener(pool, telemetry=Telemetry())
    listener.subscribe(JOBS_CHANNEL, lambda: told.append("mail"), heeds=lambda queue: queue == "mail")
    listener.subscribe(JOBS_CHANNEL, lambda: told.append("all"))
    listener.start()
    try:
        await eventually(lambda: len(told) == 2)
        told.clear()
        await connection.execute("SELECT pg_notify($1, 'post')", JOBS_CHANNEL)
        await connection.execute("SELECT pg_notify($1, 'mail')", JOBS_CHANNEL)
        await connection.execute("SELECT pg_notify($1, '')", JOBS_CHANNEL)
        await eventually(lambda: len(told) >= 5)
    finally:
        await listener.stop()
    assert told == ["all", "mail", "all", "mail", "all"]


async def test_a_lost_session_is_made_again_at_once_and_everybody_woken(heard, connection):
    pid = await backend(connection)
    await connection.execute("SELECT pg_terminate_backend($1)", pid)
    await eventually(lambda: heard[JOBS_CHANNEL] >= 2 and heard[EVENTS_CHANNEL] >= 2)
    before = heard[EVENTS_CHANNEL]
    await connection.execute("SELECT pg_notify($1, '')", EVENTS_CHANNEL)
    await eventually(lambda: heard[EVENTS_CHANNEL] > before)


async def test_a_server_out_of_reach_is_tried_again(pool, monkeypatch):
    records = Records()
    listener = Listener(pool, telemetry=Telemetry(records.append))
    woken = asyncio.Event()
    listener.subscribe(HEAD_CHANNEL, woken.set)
    real, tries = pool.connect, []

    async def connect(*args, **options):
        tries.append(1)
        if len(tries) < 3:
            raise ConnectionRefusedError
        return await real(*args, **options)

    monkeypatch.setattr(pool, "connect", connect)
    listener.start()
    try:
        async with asyncio.timeout(5):
            await woken.wait()
    finally:
        await listener.stop()
    assert len(records.named("service.error")) == 2


async def test_stopping_closes_the_session(pool, connection):
    listener = Listener(pool, telemetry=Telemetry())
    listener.subscribe(JOBS_CHANNEL, lambda: None)
    listener.start()
    await eventually(lambda: backend(connection))
    await listener.stop()

    async def is_gone() -> bool:
        return await backend(connection) is None

    await eventually(is_gone)


async def test_a_channel_added_later_is_heard_and_its_wake_up_called(heard, pool, connection):
    listener = Listener(pool, telemetry=Telemetry())
    first, later = asyncio.Event(), asyncio.Event()
    listener.subscribe(JOBS_CHANNEL, first.set)
    listener.start()
    try:
        await asyncio.wait_for(first.wait(), 10)
        assert not listener.hears(HEAD_CHANNEL)
        listener.subscribe(HEAD_CHANNEL, later.set)
        await asyncio.wait_for(later.wait(), 10)
        assert listener.hears(HEAD_CHANNEL)
        later.clear()
        await connection.execute("SELECT pg_notify($1, '')", HEAD_CHANNEL)
        await asyncio.wait_for(later.wait(), 10)
    finally:
        await listener.stop()


async def test_with_its_last_wake_up_the_session_ends_and_with_the_next_it_begins(pool, connection):
    listener = Listener(pool, telemetry=Telemetry())
    woken = asyncio.Event()
    listener.subscribe(JOBS_CHANNEL, woken.set)
    listener.start()
    try:
        await asyncio.wait_for(woken.wait(), 10)
        listener.unsubscribe(JOBS_CHANNEL, woken.set)

        async def is_gone() -> bool:
            return await backend(connection) is None

        await eventually(is_gone)
        assert not listener.hears(JOBS_CHANNEL)
        woken.clear()
        listener.subscribe(JOBS_CHANNEL, woken.set)
        await asyncio.wait_for(woken.wait(), 10)
    finally:
        await listener.stop()
