"""Five hundred clients of one server process, over real HTTP; some of them read nothing for a while."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from fix_apps import eventually, send
from fix_events import ContactCreated, NoteTaken
from fix_live_site import live_process
from fix_sse import Ask, Client
from headrace import Headrace, StoredEvent

_VIEWERS = 500
_SLOW = 20
_WAVES = 4
_WAVE = 30
_TEXT = "x" * 6_000


@pytest.fixture
async def server(database) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A process of uvicorn that serves live events, and its port."""
    # Less than this test sends, which by default the system would hold for a client that reads nothing.
    async with live_process(database, sent_bytes=16_384) as found:
        yield found


async def follow(client: Client, seen: list[int]) -> str:
    """Reads to the end of the stream; why it ended."""
    while (event := await client.next()) is not None:
        if event.name == "dropped":
            assert event.data["position"] == int(client.last_id)
            return event.data["reason"]
        seen.append(int(event.id))
    return "cut off"


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_every_client_sees_every_event_in_order_and_slow_ones_go_on_where_they_were(bench, server, asking):
    process, port = server
    bench.app.register(NoteTaken, ContactCreated)
    narrow = [await asking(port, is_narrow=True, after=0) for _ in range(_SLOW)]
    clients = [
        await asking(port, after=0, **({"type": "note.taken"} if n % 5 == 0 else {})) for n in range(_SLOW, _VIEWERS)
    ]
    seen: list[list[int]] = [[] for _ in clients]
    async with bench.working():
        following = [asyncio.create_task(follow(client, into)) for client, into in zip(clients, seen, strict=True)]
        for wave in range(_WAVES):
            # The first of them fills what lies between the server and a client that reads nothing, the second what
            # may wait for it in the server, and the third is too much.
            for _ in range(_WAVE):
                await _write(bench.app)
            positions, notes = await _written(bench.app, count=3 * _WAVE * (wave + 1))
            expected = [notes if number % 5 == 0 else positions for number in range(_SLOW, _VIEWERS)]
            await eventually(lambda whole=expected: seen == whole, 30, what="every client has seen everything")

        ends = [await _read_whole(asking, port, client, positions) for client in narrow]
        assert all(set(reasons) <= {"slow", "cut off"} for reasons in ends)
        assert sum(map(len, ends)) >= _SLOW, f"slow clients were not dropped: {ends}"

        began = asyncio.get_running_loop().time()
        send(process, signal.SIGTERM)
        assert set(await asyncio.gather(*following)) == {"shutdown"}
        assert await process.wait() == -signal.SIGTERM  # what uvicorn ends by when it has ended in good order
        assert asyncio.get_running_loop().time() - began < 10
    assert seen == expected


async def _write(app: Headrace) -> None:
    async with app.transaction() as tx:
        for data in (NoteTaken(_TEXT), ContactCreated("Ada"), NoteTaken("short")):
            await tx.append(data)


async def _written(app: Headrace, *, count: int) -> tuple[list[int], list[int]]:
    """The positions of all events, once so many can be read, and of the notes among them."""
    events: list[StoredEvent] = []

    async def are_there() -> bool:
        events[:] = [event async for event in app.read()]
        return len(events) == count

    await eventually(are_there)
    return [one.position for one in events], [one.position for one in events if one.type == "note.taken"]


async def _read_whole(asking: Ask, port: int, client: Client, expected: list[int]) -> list[str]:
    """Reads everything, coming again after each end, with nothing missing and nothing twice; why streams ended."""
    got: list[int] = []
    reasons: list[str] = []
    while True:
        while (event := await asyncio.wait_for(client.next(), 30)) is not None and event.name != "dropped":
            got.append(int(event.id))
            assert got == expected[: len(got)]
            if got == expected:
                await client.close()
                return reasons
        reasons.append("cut off" if event is None else event.data["reason"])
        await client.close()
        client = await asking(port, headers={"Last-Event-ID": client.last_id}, after=0)
