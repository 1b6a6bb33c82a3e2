"""Relays and a Redis killed with -9 under load: its stream has every event once, in order."""

import asyncio
import random
import shutil
import signal
import subprocess

import pytest

from fix_apps import eventually, send
from fix_events import ContactCreated, NoteTaken
from fix_relay_processes import logged, relay_process, storm, wait_until_published

_NAME = "redis:headrace"


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_kills_of_relays_and_of_the_server_lose_repeat_and_reorder_nothing(noting, database, redis_server):
    seed = random.randrange(2**32)
    await storm(noting, database, redis_server, _NAME, chance=random.Random(seed))
    entries = await redis_server.entries()
    found = [(int(one["position"]), one["id"]) for one in entries]
    assert found == await logged(noting), f"seed {seed}"


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_what_a_server_has_lost_with_its_disk_is_published_again(noting, database, redis_server, tmp_path):
    async with noting.working(), relay_process(database, redis_server.url):
        async with noting.app.transaction() as tx:
            for _ in range(300):
                await tx.append(NoteTaken("before"))
        await wait_until_published(noting, _NAME, 30)
        redis_server.kill()
        shutil.copytree(redis_server.folder, tmp_path / "old")
        await redis_server.start()
        async with noting.app.transaction() as tx:
            for _ in range(300):
                await tx.append(NoteTaken("after"))
        await wait_until_published(noting, _NAME, 30)
        redis_server.kill()
        shutil.rmtree(redis_server.folder)
        shutil.copytree(tmp_path / "old", redis_server.folder)
        await redis_server.start()
        assert len(await redis_server.entries()) == 300
        await noting.app.append(NoteTaken("last"))
        await wait_until_published(noting, _NAME, 30)
    entries = await redis_server.entries()
    assert [(int(one["position"]), one["id"]) for one in entries] == await logged(noting)


@pytest.mark.timeout(60)
async def test_a_relay_says_where_it_publishes_and_stops_in_good_order(noting, database, redis_server):
    async with (
        noting.working(),
        relay_process(database, redis_server.url, "--name", "out", "--type", "note.taken") as one,
    ):
        await noting.app.append(ContactCreated("Ada"))
        await noting.app.append(NoteTaken("a"))
        await eventually(redis_server.positions)
        listed = await asyncio.to_thread(_listed, database)
        send(one, signal.SIGTERM)
        _, told = await one.communicate()
        assert one.returncode == 0
        assert told.decode() == "relay out publishes to Redis stream headrace\n"
    assert "out" in listed
    assert await redis_server.positions() == [2]


@pytest.mark.timeout(60)
async def test_a_relay_begins_before_its_server_does(noting, database, redis_server):
    redis_server.kill()
    async with noting.working(), relay_process(database, redis_server.url) as one:
        await noting.app.append(NoteTaken("a"))
        told = await one.stderr.readline()
        assert told.startswith(b"Redis stream headrace is not reached yet: ")
        await redis_server.start()
        await eventually(redis_server.positions, 30)


def _listed(dsn: str) -> str:
    import sys

    return subprocess.run(
        [sys.executable, "-m", "headrace.cli", "--database", dsn, "subscriptions", "list"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
