import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from fix_apps import eventually
from fix_events import ContactCreated, NoteTaken
from fix_live_site import everything, site
from fix_sse import ask, served
from headrace import ConfigurationError, Headrace, LiveFilter, Stream, bind
from headrace.web import LiveEndpoint, LiveRequest, Refusal


@pytest.fixture
async def running(bench):
    async with bench.working(), site(bench.app) as found:
        yield found


async def test_an_event_comes_with_its_position_as_id_its_type_and_a_cloud_event(running):
    client = await running.ask()
    assert client.status == 200
    assert client.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert client.headers["cache-control"] == "no-store"
    assert client.headers["x-accel-buffering"] == "no"
    await eventually(lambda: running.app.broadcaster._has_begun)
    async with running.app.transaction() as tx:
        await tx.append(ContactCreated("Ada"), stream=Stream("contact", "7"))
    event = await client.next()
    assert (event.name, event.data["type"], event.data["subject"]) == ("contact.created",) * 2 + ("contact/7",)
    assert event.data["data"] == {"name": "Ada"}
    assert int(event.data["sequence"]) == int(event.id)
    assert 1000 <= client.retry <= 3000
    await client.close()
    await eventually(lambda: running.endpoint.viewer_count == 0)
    assert running.app.broadcaster.viewer_count == 0


async def test_a_client_that_comes_again_goes_on_where_it_was(running):
    positions = await running.note(*"abc")
    client = await running.ask(after=0)
    assert await client.positions(2) == positions[:2]
    await client.close()
    again = await running.ask(after=0, headers={"Last-Event-ID": client.last_id})
    assert await again.positions(1) == positions[2:]
    positions = await running.note("d")
    assert await again.positions(1) == positions
    await again.close()


async def test_parameters_choose_events(running):
    correlation = uuid4()
    app = running.app
    with bind(tenant_id="t", user_id="u", correlation_id=correlation):
        await app.append(ContactCreated("Ada"), stream=Stream("contact", "a/b"))
    await app.append(NoteTaken("n"))
    for query, names in (
        ({"type": ["contact.created", "note.taken"]}, ["contact.created", "note.taken"]),
        ({"type": "note.taken"}, ["note.taken"]),
        ({"stream": "contact/a/b"}, ["contact.created"]),
        ({"tenant": "t"}, ["contact.created"]),
        ({"tenant": ""}, ["note.taken"]),
        ({"user": "u"}, ["contact.created"]),
        ({"correlation": str(correlation)}, ["contact.created"]),
    ):
        client = await running.ask(after=0, **query)
        assert [(await client.next()).name for _ in names] == names, query
        await client.close()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"after": "-1"}, "must be a position, got '-1'"),
        ({"after": "9" * 30}, "must be a position"),
        ({"stream": "contact"}, "stream must be TYPE/ID, got 'contact'"),
        ({"correlation": "x"}, "must be a UUID, got 'x'"),
        ({"tenant": ["a", "b"]}, "may be given once, got 2"),
        ({"user": "a\0"}, "NUL"),
    ],
)
async def test_a_request_that_cannot_be_read_is_told_why(running, query, words):
    client = await running.ask(**query)
    assert (client.status, client.headers["content-type"]) == (400, "application/problem+json")
    assert words in json.loads(await client.rest())["detail"]
    await client.close()


async def test_only_get_is_answered(running):
    client = await running.ask(method="POST")
    assert (client.status, client.headers["allow"]) == (405, "GET")
    await client.close()


async def test_a_client_sees_no_more_than_it_is_granted(bench):
    asked: list[LiveRequest] = []

    async def authorize(request: LiveRequest) -> LiveFilter | Refusal:
        asked.append(request)
        match request.headers.get("authorization"):
            case "token ada":
                return LiveFilter(user_id="ada", types=frozenset({"note.taken"}))
            case None:
                return Refusal(401, "who are you?", {"www-authenticate": "token"})
            case _:
                return Refusal()

    async with bench.working(), site(bench.app, authorize=authorize) as running:
        for user in ("bo", "ada"):
            with bind(user_id=user):
                await bench.app.append(ContactCreated(user))
                await bench.app.append(NoteTaken(user))
        client = await running.ask(after=0, headers={"Authorization": "token ada"}, tag="1")
        event = await client.next()
        assert (event.name, event.data["userid"]) == ("note.taken", "ada")
        await client.close()
        assert (asked[0].query["tag"], asked[0].after) == (["1"], 0)

        for headers, query, status in (
            ({}, {}, 401),
            ({"Authorization": "token eve"}, {}, 403),
            ({"Authorization": "token ada"}, {"user": "bo"}, 403),
            ({"Authorization": "token ada"}, {"type": "contact.created"}, 403),
        ):
            refused = await running.ask(headers=headers, **query)
            assert refused.status == status
            assert (status != 401) or refused.headers["www-authenticate"] == "token"
            assert json.loads(await refused.rest())["status"] == status
            await refused.close()
        assert running.endpoint.viewer_count == 0


async def test_more_clients_than_allowed_are_sent_away(bench):
    async with site(bench.app, most=1) as running:
        first = await running.ask()
        second = await running.ask()
        assert (first.status, second.status, second.headers["retry-after"]) == (200, 503, "5")
        await first.close()
        await eventually(lambda: running.endpoint.viewer_count == 0)
        third = await running.ask()
        assert third.status == 200
        await second.close()
        await third.close()


async def test_a_heartbeat_moves_the_place_to_go_on_from_over_what_does_not_fit(bench):
    async with bench.working(), site(bench.app, heartbeat=timedelta(milliseconds=20)) as running:
        client = await running.ask(type="contact.created")
        last = (await running.note("passed over"))[-1]
        reading = asyncio.create_task(client.next())
        await eventually(lambda: client.comments > 2 and client.last_id == str(last))
        await client.close()
        assert await reading is None


async def test_a_stream_ends_after_its_lifetime_and_says_where_to_go_on(bench):
    async with bench.working(), site(bench.app, lifetime=timedelta(milliseconds=200)) as running:
        positions = await running.note("a")
        client = await running.ask(after=0)
        assert await client.positions(1) == positions
        event = await client.next()
        assert event.name == "dropped"
        assert event.data == {"reason": "expired", "position": positions[0]}
        assert event.id == str(positions[0])
        assert await client.next() is None
        await client.close()


async def test_a_client_that_reads_too_slowly_is_dropped_and_loses_nothing(bench):
    text = "x" * 12_000
    async with bench.working(), site(bench.app, buffer=5) as running:
        slow, quick = await running.ask(is_narrow=True, after=0), await running.ask(after=0)
        positions: list[int] = []
        while running.app.broadcaster.viewer_count == 2:
            positions += await running.note(text)
            assert await quick.positions(1) == positions[-1:]
            assert len(positions) < 1000, "the slow client was never dropped"
        assert bench.records.named("live.dropped")

        seen: list[int] = []
        while (event := await slow.next()) is not None and event.name != "dropped":
            seen.append(int(event.id))
        assert event is not None
        assert event.data == {"reason": "slow", "position": seen[-1] if seen else 0}
        assert seen == positions[: len(seen)]
        assert len(seen) < len(positions)
        again = await running.ask(headers={"Last-Event-ID": slow.last_id})
        assert seen + await again.positions(len(positions) - len(seen)) == positions
        for client in (slow, quick, again):
            await client.close()


async def test_a_client_that_reads_nothing_any_more_is_cut_off(bench):
    async with bench.working(), site(bench.app, buffer=5) as running:
        running.endpoint._pace = replace(running.endpoint._pace, farewell=timedelta(milliseconds=50))
        client = await running.ask(is_narrow=True)
        written = 0
        while running.endpoint.viewer_count == 1:
            await running.note("x" * 12_000)
            written += 1
            assert written < 1000, "it was never cut off"
        assert bench.records.named("live.dropped")
        whole = await client.rest()
        assert b"event: dropped" not in whole
        assert len(whole) < written * 12_000


async def test_closing_the_app_ends_all_streams_within_a_second(bench):
    async with site(bench.app) as running:
        clients = [await running.ask(after=0) for _ in range(20)]
        async with asyncio.timeout(1):
            await bench.app.broadcaster.stop()
            ends = [await client.next() for client in clients]
        assert {event.data["reason"] for event in ends} == {"shutdown"}
        for client in clients:
            assert await client.next() is None
            await client.close()


async def test_a_closed_app_sends_clients_away(database):
    app = Headrace(database, name="tests")
    async with served(LiveEndpoint(app, authorize=everything), lifespan="off") as port:
        client = await ask(port)
        assert client.status == 503
        assert "not open" in json.loads(await client.rest())["detail"]
        await client.close()


async def test_served_by_itself_it_opens_and_closes_the_app(database):
    app = Headrace(database, name="tests")
    async with served(LiveEndpoint(app, authorize=everything), lifespan="on") as port:
        assert app.is_open
        client = await ask(port)
        assert client.status == 200
        await client.close()
    assert not app.is_open


async def test_an_app_that_cannot_be_opened_keeps_the_server_from_starting():
    app = Headrace("postgresql://127.0.0.1:1/none", name="tests")
    told = []
    asked = iter([{"type": "lifespan.startup"}])

    async def receive():
        return next(asked)

    async def send(message):
        told.append(message["type"])

    await LiveEndpoint(app, authorize=everything)({"type": "lifespan"}, receive, send)
    assert told == ["lifespan.startup.failed"]


@pytest.mark.parametrize("options", [{"most": 0}, {"buffer": 0}, {"heartbeat": timedelta(0)}, {"retry": timedelta(-1)}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ConfigurationError):
        LiveEndpoint(Headrace(name="tests"), authorize=everything, **options)
