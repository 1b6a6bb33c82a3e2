import asyncio
from datetime import timedelta

from fix_apps import eventually
from fix_events import ContactCreated, NoteTaken
from fix_live import live_stage
from headrace import StoredEvent, current
from headrace.events.live.filter import LiveFilter
from headrace.events.live.handling import LiveHandling
from headrace.telemetry import Telemetry


class Screen:
    """A handler that keeps what it was shown; it can be held, and fails on poison."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.held = asyncio.Event()
        self.held.set()

    async def show(self, event: StoredEvent) -> None:
        self.texts.append(event.data.text)
        await self.held.wait()
        if event.data.text == "poison":
            raise ValueError("cannot stomach it")


def handling(live, screen: Screen, **options) -> LiveHandling:
    return LiveHandling(
        live.broadcaster,
        "screen",
        wanted=LiveFilter(types=frozenset({"note.taken"})),
        show=screen.show,
        telemetry=Telemetry(live.records.append),
        **options,
    )


async def begin(loop: LiveHandling, live) -> None:
    """Starts it; returns once it is shown what happens from then on."""
    loop.start()
    await eventually(lambda: loop._viewer is not None and loop._viewer.is_joined)


async def test_a_live_handler_is_shown_events_of_its_types_in_every_process_that_runs_it(bench):
    app = bench.app
    app.register(NoteTaken, ContactCreated)
    shown: list[tuple[str, object]] = []

    @app.on(NoteTaken, mode="live")
    async def show(event: StoredEvent) -> None:
        shown.append((event.data.text, current().causation_id))

    await app.append(NoteTaken("before"))
    async with bench.working(), app.live_handlers():
        await eventually(lambda: app.broadcaster.viewer_count == 2)
        await eventually(lambda: all(viewer.is_joined for viewer in app.broadcaster._viewers))
        await app.append(ContactCreated("Ada"))
        event_id = await app.append(NoteTaken("a"))
        await eventually(lambda: [one for one in shown if one[0] == "a"] == [("a", event_id)] * 2)
    assert app.broadcaster.viewer_count == 0
    assert await bench.value("SELECT count(*) FROM headrace.subscription") == 0


async def test_an_event_whose_handler_raises_is_recorded_and_the_next_one_follows(stage, live):
    screen = Screen()
    loop = handling(live, screen)
    await begin(loop, live)
    await stage.write("a", "poison", "b")
    await eventually(lambda: screen.texts == ["a", "poison", "b"])
    [failed] = live.records.named("event.handler_failed")
    assert (failed.fields["handler"], failed.fields["type"], str(failed.error)) == (
        "screen",
        "note.taken",
        "cannot stomach it",
    )
    await loop.stop()


async def test_an_event_that_cannot_be_decoded_is_recorded_and_the_next_one_follows(stage, live, connection):
    screen = Screen()
    loop = handling(live, screen)
    await begin(loop, live)
    await connection.execute(
        "INSERT INTO headrace.event (id, type, schema_version, data, source, correlation_id, occurred_at)"
        " VALUES (gen_random_uuid(), 'note.taken', 9, '{}', 'tests', gen_random_uuid(), now())"
    )
    await stage.write("b")
    await eventually(lambda: screen.texts == ["b"])
    assert len(live.records.named("event.handler_failed")) == 1
    await loop.stop()


async def test_a_handler_that_does_not_keep_up_misses_what_waits_and_goes_on(stage, live):
    screen = Screen()
    loop = handling(live, screen, buffer=2)
    beside = await live.watch()
    await begin(loop, live)
    screen.held.clear()
    positions = [await stage.write("a")]
    await eventually(lambda: screen.texts == ["a"])
    for text in "bcd":
        positions.append(await stage.write(text))
        await beside.sees(*positions)
    screen.held.set()
    await eventually(lambda: live.records.named("live.skipped"))
    [skipped] = live.records.named("live.skipped")
    assert skipped.fields == {"handler": "screen", "after": positions[0], "until": positions[-1]}
    await stage.write("e")
    await eventually(lambda: screen.texts == ["a", "e"])
    await loop.stop()


async def test_stopping_lets_the_event_at_work_end_and_takes_no_other(stage, live):
    screen = Screen()
    loop = handling(live, screen)
    await begin(loop, live)
    screen.held.clear()
    await stage.write("a", "b")
    await eventually(lambda: screen.texts == ["a"])
    stopping = asyncio.create_task(loop.stop(timeout=timedelta(seconds=10)))
    await asyncio.sleep(0)
    screen.held.set()
    await stopping
    assert screen.texts == ["a"]
    assert live.broadcaster.viewer_count == 0


async def test_it_outlives_a_broadcaster_that_is_stopped(pool, stage):
    screen = Screen()
    async with live_stage(pool) as live:
        loop = handling(live, screen)
        await begin(loop, live)
        await live.broadcaster.stop()
        async with asyncio.timeout(5):
            await loop.stop()
    assert screen.texts == []
