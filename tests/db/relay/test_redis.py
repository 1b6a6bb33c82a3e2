import json
from datetime import timedelta

import pytest

from fix_apps import eventually
from fix_events import NoteTaken, new
from fix_relay import drain
from headrace.errors import ConfigurationError
from headrace.events.subscription import Subscription
from headrace.relay.address import broker_at
from headrace.relay.broker import Message, Place, RelayError
from headrace.relay.redis import RedisStream
from headrace.relay.relay import Relay
from headrace.service import AGAIN
from headrace.telemetry import Telemetry


def relay(stage, server, **options) -> Relay:
    return Relay(
        stage.pool,
        Subscription("redis", attempts=None, **options),
        RedisStream(server.url, key="headrace"),
        telemetry=Telemetry(),
        longest_rest=timedelta(milliseconds=1),
    )


def message(position: int) -> Message:
    return Message(position, new(NoteTaken("x")).id, "note.taken", b"{}")


@pytest.fixture
async def stream(redis_server):
    stream = RedisStream(redis_server.url, key="headrace")
    await stream.connect()
    yield stream
    await stream.close()


async def test_an_event_is_an_entry_with_its_position_as_id(stage, redis_server):
    await stage.write("a", "b", stream="7")
    one = relay(stage, redis_server)
    await drain(one)
    await one.stop()
    first, second = await redis_server.do("XRANGE", "headrace", "-", "+")
    assert (first[0], second[0]) == ("1-0", "2-0")
    fields = (await redis_server.entries())[0]
    event = json.loads(fields["event"])
    assert (fields["position"], fields["type"], fields["id"]) == ("1", "note.taken", event["id"])
    assert (event["subject"], event["data"], int(event["sequence"])) == ("contact/7", {"text": "a"}, 1)


async def test_a_relay_goes_on_where_the_stream_ends(stage, redis_server):
    await stage.write(*"abcde")
    one = relay(stage, redis_server, batch_size=2)
    await one.run_once()
    await one.stop()
    async with stage.pool.acquire() as connection:
        await connection.execute("UPDATE headrace.checkpoint SET position = 0")  # a crash before it had moved
    again = relay(stage, redis_server, batch_size=2)
    await drain(again)
    await again.stop()
    assert await redis_server.positions() == [1, 2, 3, 4, 5]


async def test_a_server_that_is_away_is_waited_for(stage, redis_server):
    await stage.write("a")
    one = relay(stage, redis_server)
    await drain(one)
    redis_server.kill()
    await stage.write("b")
    assert timedelta(0) < await one.run_once()
    await redis_server.start()
    await eventually(lambda: _moves(one))
    await drain(one)
    await one.stop()
    assert await redis_server.positions() == [1, 2]


async def _moves(one: Relay) -> bool:
    return await one.run_once() == AGAIN


async def test_an_empty_stream_has_no_end_and_a_trimmed_one_remembers_its(stream, redis_server):
    assert await stream.newest() is None
    one = message(5)
    await stream.publish([message(3), one])
    assert await stream.newest() == Place(5, one.id)
    await redis_server.do("XTRIM", "headrace", "MAXLEN", 0)
    assert await stream.newest() == Place(5, None)


async def test_what_is_at_or_below_the_last_entry_is_refused(stream, redis_server):
    await stream.publish([message(3)])
    for positions in ([3], [2, 3]):
        with pytest.raises(Exception, match="equal or smaller"):
            await stream.publish([message(position) for position in positions])
    assert await redis_server.positions() == [3]


async def test_a_batch_that_redis_has_no_memory_for_is_refused_whole(stream, redis_server):
    await redis_server.do("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(Exception, match=r"maxmemory|EXECABORT"):
        await stream.publish([message(1), message(2)])
    await redis_server.do("CONFIG", "SET", "maxmemory", "0")
    await stream.connect()
    await stream.publish([message(1), message(2)])
    assert await redis_server.positions() == [1, 2]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("XADD", "headrace", "*", "a", "b"), "was not published by a relay"),
        (("XADD", "headrace", "7-1", "id", "x"), "was not published by a relay"),
        (("SET", "headrace", "1"), "Redis stream headrace cannot be used: WRONGTYPE"),
    ],
)
async def test_a_key_that_holds_something_else_is_left_alone(stream, redis_server, command, words):
    await redis_server.do(*command)
    with pytest.raises(RelayError, match=words):
        await stream.newest()


async def test_about_so_many_entries_are_kept(redis_server):
    stream = RedisStream(redis_server.url, key="headrace", most=100)
    await stream.connect()
    await stream.publish([message(position) for position in range(1, 1001)])
    await stream.close()
    positions = await redis_server.positions()
    assert 100 <= len(positions) < 400
    assert positions[-1] == 1000


def test_an_address_names_the_broker_and_no_password_is_told():
    broker = broker_at("redis://user:secret@host:1/0", stream="s")
    assert isinstance(broker, RedisStream)
    assert broker.stream == "Redis stream s"
    with pytest.raises(ConfigurationError, match="no broker is known at amqp"):
        broker_at("amqp://host", stream="s")
    with pytest.raises(ConfigurationError, match="at least 1 entry"):
        broker_at("redis://host", stream="s", most=0)


async def test_an_address_that_cannot_be_read_is_refused():
    with pytest.raises(ConfigurationError, match="write it as redis://"):
        await RedisStream("redis://host:port", key="s").connect()


async def test_without_its_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'headrace\[redis\]'"):
        await RedisStream("redis://host", key="s").connect()
