"""The stream of the console: snapshot, changes, its end with the session and with the server; how little it asks."""

import asyncio
from datetime import timedelta

import pytest
from starlette.types import Message

from fix_apps import eventually
from fix_shop import Shop, an_admin, console_of, make_shop
from fix_sse import Ask, served
from headrace.console import Principal
from headrace.console.live import stream
from headrace.console.live.stream import PulseStream


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pings and questions after the session come soon."""
    monkeypatch.setattr(stream, "_PING_SECONDS", 0.3)
    monkeypatch.setattr(stream, "_RECHECK_SECONDS", 0.1)


async def test_a_stream_begins_with_a_snapshot_and_goes_on_with_what_changes(shop: Shop, asking: Ask):
    async with console_of(shop.app) as console, served(console) as port:
        client = await asking(port, path="/live")
        assert client.status == 200
        assert client.headers["x-accel-buffering"] == "no"
        assert client.headers["cache-control"] == "no-store"
        hello, snapshot = await client.next(), await client.next()
        assert (hello.name, hello.data["version"]) == ("hello", console.site.version)
        assert snapshot.name == "snapshot"
        assert (snapshot.data["set"]["dead"], snapshot.data["set"]["queue.mail.later"]) == ("3", "1")
        assert snapshot.id
        await shop.app.enqueue("send-receipt", {}, delay=timedelta(hours=1))
        while "queue.mail.later" not in (tick := await client.next()).data["set"]:
            assert tick.name == "tick"
        assert tick.data["set"]["queue.mail.later"] == "2"
        assert "queue.mail.due" not in tick.data["set"]


async def test_many_who_watch_cost_no_more_looks_than_one(database: str, asking: Ask):
    async with make_shop(database) as app, console_of(app) as console, served(console) as port:
        clients = [await asking(port, path="/live") for _ in range(30)]
        pulse = console.site.pulse
        for client in clients:
            assert [(await client.next()).name, (await client.next()).name] == ["hello", "snapshot"]
        assert pulse.watcher_count == 30
        before = pulse.number
        numbers = {await _first_after(client, before) for client in clients}
        assert len(numbers) == 1
        assert pulse.number - before <= 2
        for client in clients:
            await client.close()
        await eventually(lambda: pulse.watcher_count == 0)


async def _first_after(client, number: int) -> int:
    """The first look that a client is told of after this one: it may have a tick to read from while others came."""
    while (told := int((await client.next()).id)) <= number:
        pass
    return told


async def test_a_stream_ends_with_the_session(database: str, asking: Ask, hurried: None):
    guests: list[Principal] = [Principal("guest", "viewer")]

    async def authenticate(_: object) -> Principal | None:
        return guests[0] if guests else None

    async with (
        make_shop(database) as app,
        console_of(app, authenticate=authenticate) as console,
        served(console) as port,
    ):
        client = await asking(port, path="/live")
        assert [(await client.next()).name, (await client.next()).name] == ["hello", "snapshot"]
        guests.clear()
        while (told := await client.next()).name == "tick":
            pass
        assert told.name == "signed-out"
        assert await client.next() is None


async def test_a_stream_ends_within_a_second_when_the_server_stops(database: str, asking: Ask):
    async with make_shop(database) as app, console_of(app, authenticate=an_admin) as console:
        async with served(console) as port:
            clients = [await asking(port, path="/live") for _ in range(3)]
            for client in clients:
                assert (await client.next()).name == "hello"
            began = asyncio.get_running_loop().time()
            console.site.pulse.end()  # what the signal that stops a server does first
            for client in clients:
                while (told := await client.next()).name in {"snapshot", "tick"}:
                    pass
                assert told.name == "bye"
                assert await client.next() is None
        assert asyncio.get_running_loop().time() - began < 1


async def test_a_browser_that_reads_nothing_holds_up_nobody_and_is_told_the_newest_in_one_frame(database: str):
    async with make_shop(database) as app, console_of(app) as console:
        pulse, told, may_go_on = console.site.pulse, list[bytes](), asyncio.Event()
        leaves = asyncio.Event()

        async def send(message: Message) -> None:
            told.append(message.get("body", b""))
            if b"event: snapshot" in told[-1]:
                await may_go_on.wait()  # as a socket whose buffers are full

        async def receive() -> Message:
            await leaves.wait()
            return {"type": "http.disconnect"}

        async def is_welcome() -> bool:
            return True

        stream = PulseStream(pulse, version="1", is_welcome=is_welcome)
        watching = asyncio.create_task(stream({"type": "http"}, receive, send))
        await eventually(lambda: any(b"event: snapshot" in each for each in told))
        held, first = len(told), pulse.number
        for _ in range(20):
            await pulse.run_once()
        assert len(told) == held
        may_go_on.set()
        await eventually(lambda: len(told) > held)
        number, name = told[held].split(b"\n")[:2]
        assert (int(number.removeprefix(b"id: ")) >= first + 20, name) == (True, b"event: snapshot")
        # From there on changes alone.
        await eventually(lambda: any(b"event: tick" in each for each in told[held + 1 :]))
        leaves.set()
        await watching
        assert pulse.watcher_count == 0
