import asyncio
from datetime import timedelta

import pytest

from fix_apps import eventually
from fix_events import NoteTaken, new
from fix_relay import drain
from headrace.errors import ConfigurationError
from headrace.events.subscription import Subscription
from headrace.relay.address import broker_at
from headrace.relay.broker import Message, MissingStreamError, Place, RelayError
from headrace.relay.nats import JetStream
from headrace.relay.redis import RedisStream
from headrace.relay.relay import Relay
from headrace.service import AGAIN
from headrace.telemetry import Telemetry


def stream_of(server, **options) -> JetStream:
    return JetStream(server.url, stream="headrace", **{"prefix": "headrace", "creates": True, **options})


def relay(stage, server, **options) -> Relay:
    return Relay(
        stage.pool,
        Subscription("nats", attempts=None, **options),
        stream_of(server),
        telemetry=Telemetry(),
        longest_rest=timedelta(milliseconds=1),
    )


def message(position: int, *, event_type: str = "note.taken", body: bytes = b"{}") -> Message:
    return Message(position, new(NoteTaken("x")).id, event_type, body)


@pytest.fixture
async def stream(nats_server):
    stream = stream_of(nats_server)
    await stream.connect()
    yield stream
    await stream.close()


async def test_an_event_is_a_message_with_its_id_under_a_subject_of_its_type(stage, nats_server):
    await stage.write("a", "b", stream="7")
    one = relay(stage, nats_server)
    await drain(one)
    await one.stop()
    (subject, headers, event), second = await nats_server.messages()
    assert subject == "headrace.note.taken"
    assert headers["Nats-Msg-Id"] == event["id"]
    assert headers["Headrace-Position"] == "1"
    assert headers["Content-Type"] == "application/cloudevents+json"
    assert (event["subject"], event["data"], int(event["sequence"])) == ("contact/7", {"text": "a"}, 1)
    assert second[1]["Headrace-Position"] == "2"


async def test_the_stream_is_made_in_files_where_it_is_asked_for(nats_server):
    with pytest.raises(MissingStreamError, match=r"with the subjects headrace\.>, or let the relay"):
        await stream_of(nats_server, creates=False).connect()
    made = stream_of(nats_server)
    await made.connect()
    await made.close()
    async with nats_server.jetstream() as context:
        config = (await context.stream_info("headrace")).config
    assert (config.storage, config.subjects) == ("file", ["headrace.>"])


async def test_a_relay_goes_on_where_the_stream_ends(stage, nats_server):
    await stage.write(*"abcde")
    one = relay(stage, nats_server, batch_size=2)
    await one.run_once()
    await one.stop()
    async with stage.pool.acquire() as connection:
        await connection.execute("UPDATE headrace.checkpoint SET position = 0")  # a crash before it had moved
    again = relay(stage, nats_server, batch_size=2)
    await drain(again)
    await again.stop()
    assert await nats_server.positions() == [1, 2, 3, 4, 5]


async def test_a_server_that_is_away_is_waited_for(stage, nats_server):
    await stage.write("a")
    one = relay(stage, nats_server)
    await drain(one)
    nats_server.kill()
    await stage.write("b")
    assert timedelta(0) < await one.run_once()
    await nats_server.start()
    await eventually(lambda: _moves(one))
    await drain(one)
    await one.stop()
    assert await nats_server.positions() == [1, 2]


async def _moves(one: Relay) -> bool:
    return await one.run_once() == AGAIN


async def test_a_server_that_dies_while_it_is_waited_for_is_noticed_at_once(stream, nats_server, monkeypatch):
    await stream.newest()
    sent = asyncio.Event()

    async def into_the_void(*_args: object, **_options: object) -> "asyncio.Future[None]":
        sent.set()
        return asyncio.get_running_loop().create_future()

    monkeypatch.setattr(stream._confirmations, "send", into_the_void)
    publishing = asyncio.create_task(stream.publish([message(1)]))
    await sent.wait()
    nats_server.kill()
    async with asyncio.timeout(5):
        with pytest.raises(RelayError, match="was lost"):
            await publishing


async def test_the_newest_message_says_where_the_stream_ends(stream, nats_server):
    assert await stream.newest() is None
    first, second = message(3), message(5)
    await stream.publish([first, second])
    assert await stream.newest() == Place(5, second.id)
    async with nats_server.jetstream() as context:
        await context.delete_msg("headrace", 2)
        assert await stream.newest() == Place(3, first.id)
        await context.purge_stream("headrace")
    assert await stream.newest() is None
    await stream.publish([message(6)])
    assert await nats_server.positions() == [6]


async def test_one_that_comes_back_late_is_refused_whole(stream, nats_server):
    late = stream_of(nats_server)
    await late.connect()
    await late.newest()
    await stream.newest()
    await stream.publish([message(1), message(2)])
    with pytest.raises(Exception, match="wrong last sequence"):
        await late.publish([message(3), message(4)])
    await late.close()
    assert await nats_server.positions() == [1, 2]


async def test_after_a_message_that_is_refused_none_is_stored(stream, nats_server):
    await stream.newest()
    async with nats_server.jetstream() as context:
        config = (await context.stream_info("headrace")).config
        await context.update_stream(config.evolve(max_msg_size=1_000))
    with pytest.raises(Exception, match="message size exceeds"):
        await stream.publish([message(1), message(2, body=b"x" * 2_000), message(3), message(4)])
    assert await nats_server.positions() == [1]


async def test_what_is_stored_already_is_known_by_its_id_also_where_the_stream_keeps_nothing(stream, nats_server):
    await stream.newest()
    first = [message(position) for position in (1, 2, 3)]
    await stream.publish(first)
    async with nats_server.jetstream() as context:
        await context.purge_stream("headrace")
    await stream.newest()
    await stream.publish([message(0), first[0], first[1], message(4), first[2], message(5), message(6)])
    assert await nats_server.positions() == [0, 4, 5, 6]


async def test_an_event_larger_than_the_server_takes_is_told(stream):
    await stream.newest()
    with pytest.raises(Exception, match="maximum payload"):
        await stream.publish([message(1, body=b"x" * 2_000_000)])


async def test_a_stream_that_holds_something_else_is_left_alone(stream, nats_server):
    async with nats_server.jetstream() as context:
        await context.publish("headrace.other", b"x")
    with pytest.raises(RelayError, match="was not published by a relay"):
        await stream.newest()


async def test_a_stream_of_other_subjects_is_refused(nats_server):
    async with nats_server.jetstream() as context:
        await context.add_stream(name="headrace", subjects=["other.>"])
    stream = stream_of(nats_server)
    await stream.connect()
    await stream.newest()
    with pytest.raises(Exception, match="no stream takes these subjects"):
        await stream.publish([message(1)])
    await stream.close()


def test_an_address_names_the_broker_and_options_it_does_not_have_are_refused():
    assert broker_at("nats://user:secret@host", stream="s").stream == "JetStream stream s"
    assert isinstance(broker_at("redis://host", stream="s"), RedisStream)
    for options, words in (
        ({"url": "nats://host", "most": 1}, "is a setting of the stream"),
        ({"url": "redis://host", "prefix": "a"}, "no subjects"),
        ({"url": "redis://host", "creates": True}, "no subjects"),
        ({"url": "nats://host", "prefix": "a."}, "subject prefix 'a.' is none"),
        ({"url": "nats://host", "prefix": "a.>"}, "is none"),
        ({"url": "nats://host", "prefix": ""}, "is none"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            broker_at(**options, stream="s")


async def test_without_its_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "nats", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'headrace\[nats\]'"):
        await JetStream("nats://host", stream="s", prefix="p").connect()
