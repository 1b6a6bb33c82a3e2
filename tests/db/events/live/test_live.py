import asyncio
import gc
from datetime import timedelta
from uuid import uuid4

import pytest

from fix_apps import eventually
from fix_events import ContactCreated, ContactRenamed, NoteTaken, new
from fix_live import live_stage
from headrace.context import Context
from headrace.db.listener import HEAD_CHANNEL
from headrace.errors import ConfigurationError, UnknownEventError, ViewerDroppedError
from headrace.events.event import Stream
from headrace.events.live.filter import LiveFilter
from headrace.events.read import head_position


async def test_a_viewer_sees_what_happens_from_now_on(stage, live):
    old = await stage.write("old")
    watcher = await live.watch()
    assert watcher.live.position == old
    a, b = await stage.write("a"), await stage.write("b")
    await watcher.sees(a, b)
    assert watcher.live.position == b


async def test_a_viewer_that_asks_for_a_position_sees_what_came_after_it_and_then_what_happens(stage, live):
    first = await stage.write("a")
    second, third = await stage.write("b"), await stage.write("c")
    everything, rest = await live.watch(after=0), await live.watch(after=first)
    await everything.sees(first, second, third)
    await rest.sees(second, third)
    fourth = await stage.write("d")
    await everything.sees(first, second, third, fourth)
    await rest.sees(second, third, fourth)


async def test_a_viewer_that_is_ahead_of_the_head_waits_until_the_log_has_passed_it(stage, live):
    now = await stage.write("a")
    watcher = await live.watch(after=now + 2)
    beside = await live.watch()
    later = [await stage.write(text) for text in "bcd"]
    await beside.sees(*later)
    await watcher.sees(later[-1])


async def test_events_are_decoded(stage, live):
    events = live.live(after=0)
    await stage.write("a", stream="7")
    event = await anext(events)
    assert (event.type, event.data, event.stream, event.stream_version) == (
        "note.taken",
        NoteTaken("a"),
        Stream("contact", "7"),
        1,
    )


async def test_only_events_that_fit_are_seen_both_of_what_was_and_of_what_happens(stage, live):
    correlation = uuid4()
    events = {
        "created": new(ContactCreated("Ada"), stream="1"),
        "renamed": new(ContactRenamed("Bo"), stream="2"),
        "note": new(NoteTaken("n"), context=Context(tenant_id="t1", user_id="u1", correlation_id=correlation)),
    }
    filters = {
        LiveFilter(types=frozenset({"contact.created", "contact.renamed"})): ["created", "renamed"],
        LiveFilter(stream=Stream("contact", "2")): ["renamed"],
        LiveFilter(tenant_id="t1"): ["note"],
        LiveFilter(tenant_id=""): ["created", "renamed"],
        LiveFilter(user_id="u1"): ["note"],
        LiveFilter(correlation_id=correlation): ["note"],
        LiveFilter(correlation_id=correlation, types=frozenset({"contact.created"})): [],
        LiveFilter(): ["created", "renamed", "note"],
    }

    async def write() -> dict[str, int]:
        return {name: await stage.write_all(event) for name, event in events.items()}

    await stage.write("before the broadcaster remembers anything")
    was = await write()
    watchers = [(await live.watch(wanted, after=1), names) for wanted, names in filters.items()]
    for watcher, names in watchers:
        await watcher.sees(*(was[name] for name in names))
    happens = await write()
    for watcher, names in watchers:
        await watcher.sees(*(found[name] for found in (was, happens) for name in names))


async def test_what_was_long_ago_is_read_in_pages_and_what_was_just_now_is_remembered(pool, stage):
    positions = [await stage.write(str(number)) for number in range(7)]
    async with live_stage(pool, page=2, recent=3) as live:
        await (await live.watch(after=0)).sees(*positions)
        positions += [await stage.write(str(number)) for number in range(4)]
        for place in (0, 5, 7, 8, 9, 11):
            await (await live.watch(after=place)).sees(*positions[place:])


async def test_a_viewer_that_does_not_keep_up_is_dropped_and_goes_on_where_it_was(stage, live):
    watcher = await live.watch(buffer=3)
    other = await live.watch(buffer=3)
    watcher.held.clear()
    positions = [await stage.write("a")]
    await watcher.sees(*positions)
    for text in "bcde":
        positions.append(await stage.write(text))
        await other.sees(*positions)

    watcher.held.set()
    with pytest.raises(ViewerDroppedError, match=r"more than 3 .*after=1\)") as caught:
        await watcher.task
    assert (caught.value.position, caught.value.buffer) == (positions[0], 3)
    [dropped] = live.records.named("live.dropped")
    assert dropped.fields == {"position": positions[0], "waiting_count": 3}
    assert live.broadcaster.viewer_count == 1

    again = await live.watch(after=caught.value.position)
    await again.sees(*positions[1:])


async def test_a_batch_larger_than_the_buffer_drops_nobody_who_has_taken_all_before(stage, live):
    watcher = await live.watch(buffer=2)
    last = await stage.write(*"abcdefg")
    await watcher.sees(*range(last - 6, last + 1))


async def test_an_event_that_cannot_be_decoded_is_raised_and_the_next_one_follows(stage, live, connection):
    events = live.live()
    await events.__aenter__()
    await connection.execute(
        "INSERT INTO headrace.event (id, type, schema_version, data, source, correlation_id, occurred_at)"
        " VALUES (gen_random_uuid(), 'strange', 1, '{}', 'tests', gen_random_uuid(), now())"
    )
    known = await stage.write("a")
    with pytest.raises(UnknownEventError, match="strange"):
        await anext(events)
    assert (await anext(events)).position == known


async def test_nothing_beyond_the_head_is_seen(stage, live, connection):
    watcher = await live.watch()
    async with connection.transaction():
        await connection.execute("SELECT nextval('headrace.event_position_seq')")
        await connection.execute("LOCK TABLE headrace.event IN ROW EXCLUSIVE MODE")
        hidden = await stage.write("behind one that may still come")
        beside = await live.watch(after=0)
        assert await head_position(stage.pool) < hidden
        assert beside.live.position == 0
        assert (watcher.positions, beside.positions) == ([], [])
    await stage.head.run_once()
    await watcher.sees(hidden)
    await beside.sees(hidden)


async def test_a_wake_up_is_enough_however_long_the_broadcaster_rests(stage, pool):
    async with live_stage(pool, idle=timedelta(hours=1)) as live:
        watcher = await live.watch()
        await eventually(lambda: live.broadcaster._listener.hears(HEAD_CHANNEL))
        position = await stage.write("a")
        async with pool.acquire() as session:
            await session.execute("SELECT pg_notify('headrace_head', '')")
        await watcher.sees(position)


async def test_without_viewers_nothing_is_read_and_who_comes_then_begins_at_the_head(stage, live):
    events = live.live()
    await events.__aenter__()
    await stage.write("a")
    await anext(events)
    events.close()
    assert live.broadcaster.viewer_count == 0
    read = len(live.records.named("live.handed_out"))
    missed = await stage.write("b")
    watcher = await live.watch()
    seen = await stage.write("c")
    await watcher.sees(seen)
    assert missed not in watcher.positions
    assert len(live.records.named("live.handed_out")) == read + 1


async def test_a_loop_that_was_left_is_let_go_of(stage, live):
    await stage.write("a")
    async for event in live.live(after=0):
        assert event.position == 1
        break
    gc.collect()
    await eventually(lambda: live.broadcaster.viewer_count == 0)


async def test_stopping_ends_every_viewer_at_once(stage, live):
    watchers = [await live.watch(after=after) for after in (None, 0, 10)]
    async with asyncio.timeout(1):
        await live.broadcaster.stop()
        await asyncio.gather(*(watcher.task for watcher in watchers))


async def test_viewers_outlive_a_session_of_the_broadcaster_that_is_lost(stage, live, connection):
    watcher = await live.watch()
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await eventually(lambda: _heals(stage))
    position = await stage.write("a")
    await eventually(lambda: position in watcher.positions)


async def _heals(stage) -> bool:
    try:
        await stage.write("healing")
    except Exception:  # noqa: BLE001 - whatever the driver says of a lost session
        return False
    return True


async def test_an_app_shows_its_events_and_its_position(bench):
    bench.app.register(NoteTaken)
    async with bench.working():
        async with bench.app.live(types=[NoteTaken]) as events:
            await bench.app.append(NoteTaken("a"))
            event = await anext(events)
        assert event.data == NoteTaken("a")
        assert await bench.app.position() >= event.position
    with pytest.raises(ConfigurationError, match="after must be a position"):
        bench.app.live(after=-1)
    with pytest.raises(ConfigurationError, match="buffer must be at least 1"):
        bench.app.live(buffer=0)
    with pytest.raises(ConfigurationError, match="at least one"):
        bench.app.live(types=[])
