"""Relays and a NATS server killed with -9 under load: its stream has every event once, in order."""

import random
import signal

import pytest

from fix_apps import eventually, send
from fix_events import NoteTaken
from fix_relay_processes import logged, relay_process, storm

_NAME = "nats:headrace"


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_kills_of_relays_and_of_the_server_lose_repeat_and_reorder_nothing(noting, database, nats_server):
    seed = random.randrange(2**32)
    await storm(noting, database, nats_server, _NAME, "--create", chance=random.Random(seed))
    found = [(int(headers["Headrace-Position"]), event["id"]) for _, headers, event in await nats_server.messages()]
    assert found == await logged(noting), f"seed {seed}"


@pytest.mark.timeout(60)
async def test_a_relay_publishes_and_stops_in_good_order(noting, database, nats_server):
    async with noting.working(), relay_process(database, nats_server.url, "--create") as one:
        await noting.app.append(NoteTaken("a"))
        assert await one.stderr.readline() == b"relay nats:headrace publishes to JetStream stream headrace\n"
        await eventually(nats_server.positions, 30)
        send(one, signal.SIGTERM)
        await one.communicate()
        assert one.returncode == 0
    [(subject, _, _)] = await nats_server.messages()
    assert subject == "headrace.note.taken"


@pytest.mark.timeout(60)
async def test_a_relay_without_its_stream_says_how_to_make_it(noting, database, nats_server):
    async with relay_process(database, nats_server.url) as one:
        _, told = await one.communicate()
    assert one.returncode == 1
    assert told.startswith(b"error: JetStream stream headrace is not there; make it with the subjects headrace.>")
