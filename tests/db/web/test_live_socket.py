"""Live events over WebSockets: the same events, filters, bounds and authority as server-sent ones."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from fix_apps import Bench, eventually
from fix_events import ContactCreated, NoteTaken
from fix_live_site import everything, site
from fix_sse import ask
from headrace import LiveFilter, Stream, bind
from headrace.web import LiveEndpoint, LiveRequest, Refusal

pytest.importorskip("websockets")


async def test_a_client_resumes_without_a_hole_or_a_repetition_and_sees_what_it_chose(bench: Bench):
    async with bench.working(), site(bench.app, heartbeat=timedelta(milliseconds=20)) as running:
        positions = await running.note(*"abc")
        first = await running.open(after=0)
        assert await first.positions(2) == positions[:2]
        await first.connection.send("what a client sends is passed over")
        await first.close()
        await eventually(lambda: running.endpoint.viewer_count == 0)
        assert bench.app.broadcaster.viewer_count == 0

        again = await running.open(**{"last-event-id": first.position, "after": 0})
        assert await again.positions(1) == positions[2:]
        async with bench.app.transaction() as tx:
            await tx.append(ContactCreated("Ada"), stream=Stream("contact", "7"))
        told = await again.next()
        assert told["event"]["subject"] == "contact/7"
        assert told["event"]["data"] == {"name": "Ada"}
        assert int(told["event"]["sequence"]) == told["position"] == positions[-1] + 1

        # By the header as well, for programs; and by type, stream and correlation.
        chosen = await running.open(headers={"Last-Event-ID": "0"}, type="contact.created", stream="contact/7")
        assert (await chosen.next())["event"]["type"] == "contact.created"
        last = (await running.note("passed over"))[-1]
        reading = asyncio.create_task(chosen.next())
        await eventually(lambda: last in chosen.beats)
        await chosen.close()
        assert await reading is None


async def test_a_socket_is_refused_with_the_reason_and_to_pages_of_other_sites(bench: Bench):
    async def authorize(request: LiveRequest) -> LiveFilter | Refusal:
        if "authorization" not in request.headers:
            return Refusal(401, "who are you?", {"www-authenticate": "token"})
        return LiveFilter(user_id="ada", types=frozenset({"note.taken"}))

    ada = {"Authorization": "token ada"}
    options = {"authorize": authorize, "most": 1, "origins": ["https://shop.example/"]}
    async with bench.working(), site(bench.app, **options) as running:
        assert await running.refused() == (401, "who are you?")
        assert await running.refused(headers=ada, after="x") == (
            400,
            "after and Last-Event-ID must be a position, got 'x'",
        )
        assert (await running.refused(headers=ada, user="bo"))[0] == 403
        assert (await running.refused(headers=ada, type="contact.created"))[0] == 403
        for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
            status, reason = await running.refused(headers=ada, origin=origin)
            assert (status, "another site" in reason) == (403, True), origin
        for origin in (None, "https://shop.example", f"http://127.0.0.1:{running.port}"):
            opened = await running.open(headers=ada, origin=origin, after=0)
            assert (await running.refused(headers=ada))[0] == 503
            for user in ("bo", "ada"):
                with bind(user_id=user):
                    await bench.app.append(ContactCreated(user))
                    await bench.app.append(NoteTaken(user))
            told = await opened.next()
            assert (told["event"]["type"], told["event"]["userid"]) == ("note.taken", "ada")
            await opened.close()
            await eventually(lambda: running.endpoint.viewer_count == 0)


async def test_a_server_that_cannot_answer_with_a_status_closes_the_socket(bench: Bench):
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    scope = {"type": "websocket", "headers": [(b"origin", b"https://evil.example")], "query_string": b""}
    await LiveEndpoint(bench.app, authorize=everything)(scope, receive, send)
    assert [(one["type"], one["code"]) for one in told] == [("websocket.close", 1008)]


async def test_a_socket_ends_after_its_lifetime_and_says_where_to_go_on(bench: Bench):
    async with bench.working(), site(bench.app, lifetime=timedelta(milliseconds=200)) as running:
        positions = await running.note("a")
        opened = await running.open(after=0)
        assert await opened.positions(1) == positions
        assert await opened.next() == {"position": positions[0], "dropped": "expired"}
        assert await opened.next() is None
        assert opened.code == (4002, "expired")


async def test_a_client_that_reads_too_slowly_is_dropped_and_loses_nothing(bench: Bench):
    text = "x" * 12_000
    async with bench.working(), site(bench.app, buffer=5) as running:
        slow, quick = await running.open(is_narrow=True, after=0), await running.open(after=0)
        positions: list[int] = []
        while running.app.broadcaster.viewer_count == 2:
            positions += await running.note(text)
            assert await quick.positions(1) == positions[-1:]
            assert len(positions) < 1000, "the slow client was never dropped"
        assert bench.records.named("live.dropped")

        seen: list[int] = []
        while (told := await slow.next()) is not None and "event" in told:
            seen.append(told["position"])
        assert told == {"position": seen[-1] if seen else 0, "dropped": "slow"}
        assert await slow.next() is None
        assert slow.code == (4001, "slow")
        assert seen == positions[: len(seen)]
        assert len(seen) < len(positions)
        again = await running.open(after=slow.position)
        assert seen + await again.positions(len(positions) - len(seen)) == positions


async def test_all_sockets_end_within_a_second_when_the_server_stops_and_share_a_reader_with_streams(bench: Bench):
    async with bench.working(), site(bench.app) as running:
        sockets = [await running.open(after=0) for _ in range(20)]
        stream = await ask(running.port, after=0)
        positions = await running.note("a")
        assert [await one.positions(1) for one in sockets] == [positions] * 20
        assert await stream.positions(1) == positions
        assert bench.app.broadcaster.viewer_count == 21
        async with asyncio.timeout(1):
            running.endpoint.end_streams()
            ends = [await one.next() for one in sockets]
            assert [await one.next() for one in sockets] == [None] * 20
        assert {end["dropped"] for end in ends} == {"shutdown"}
        assert {one.code for one in sockets} == {(1001, "shutdown")}
        await stream.close()
