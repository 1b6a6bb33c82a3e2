import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest

from fix_events import ContactCreated, ContactRenamed, NoteTaken, new
from headrace.context import Context
from headrace.errors import ConfigurationError, UnknownEventError
from headrace.events.event import Stream
from headrace.events.filter import EventFilter
from headrace.events.head import Head
from headrace.events.read import head_position, read, read_batches, time_bounds
from headrace.events.schema import EventRegistry
from headrace.events.store import append
from headrace.ids import uuid7
from headrace.telemetry import Telemetry


async def fill(pool, *events) -> list[int]:
    async with pool.acquire() as connection, connection.transaction():
        return [one.position for one in await append(connection, list(events))]


async def publish(pool) -> int:
    head = Head(pool, telemetry=Telemetry())
    await head.run_once()
    await head.stop()
    return await head_position(pool)


async def texts(events) -> list[str]:
    return [getattr(event.data, "text", None) or event.data.name async for event in events]


async def test_nothing_is_read_beyond_the_safe_head(pool, registry):
    await fill(pool, new(NoteTaken("a")), new(NoteTaken("b")))
    assert await texts(read(pool, registry)) == []
    await publish(pool)
    await fill(pool, new(NoteTaken("c")))
    assert await texts(read(pool, registry)) == ["a", "b"]


async def test_pages_are_full_but_the_last_and_never_empty(pool, registry):
    await fill(pool, *(new(NoteTaken(str(number))) for number in range(25)))
    await publish(pool)
    pages = [len(page) async for page in read_batches(pool, registry, batch=10)]
    assert pages == [10, 10, 5]
    assert [len(page) async for page in read_batches(pool, registry, batch=25)] == [25]
    assert [page async for page in read_batches(pool, registry, after=25)] == []


async def test_after_is_exclusive_and_until_inclusive(pool, registry):
    first, *_, last = await fill(pool, *(new(NoteTaken(str(number))) for number in range(5)))
    await publish(pool)
    assert await texts(read(pool, registry, after=first, until=last - 1, batch=2)) == ["1", "2", "3"]
    assert await texts(read(pool, registry, after=last, until=first)) == []


async def test_events_are_chosen_by_type_tenant_and_user(pool, registry):
    acme = Context(tenant_id="acme", user_id="u1")
    await fill(
        pool,
        new(ContactCreated("Ada"), stream="1", context=acme),
        new(NoteTaken("acme's"), context=acme),
        new(NoteTaken("nobody's")),
    )
    await publish(pool)
    assert await texts(read(pool, registry, types={"note.taken"})) == ["acme's", "nobody's"]
    assert await texts(read(pool, registry, tenant_id="acme")) == ["Ada", "acme's"]
    assert await texts(read(pool, registry, types=["note.taken"], user_id="u1")) == ["acme's"]
    assert await texts(read(pool, registry, types=[])) == []


async def test_events_are_chosen_by_kind_of_stream_and_correlation(pool, registry):
    began = uuid7()
    await fill(
        pool,
        new(ContactCreated("Ada"), stream="1", context=Context(correlation_id=began)),
        new(ContactRenamed("Bo"), stream="1"),
        new(NoteTaken("loose"), context=Context(correlation_id=began)),
    )
    await publish(pool)
    assert await texts(read(pool, registry, aggregate_type="contact")) == ["Ada", "Bo"]
    assert await texts(read(pool, registry, correlation_id=began)) == ["Ada", "loose"]
    assert await texts(read(pool, registry, stream=Stream("contact", "1"), correlation_id=began)) == ["Ada"]
    with pytest.raises(ConfigurationError, match="not both"):
        await texts(read(pool, registry, stream=Stream("contact", "1"), aggregate_type="contact"))


async def recorded(pool) -> list[datetime]:
    """When the events there are were recorded, each in its own moment."""
    async with pool.acquire() as connection:
        rows = await connection.fetch("SELECT recorded_at FROM headrace.event ORDER BY position")
    moments = [row[0] for row in rows]
    assert len(set(moments)) == len(moments)
    return moments


async def test_events_are_chosen_by_the_time_they_were_recorded(pool, registry):
    for text in "abcdefgh":
        await fill(pool, new(NoteTaken(text), stream="1"))
    await publish(pool)
    moments = await recorded(pool)
    stream = Stream("contact", "1")
    for chosen in ({}, {"stream": stream}, {"follow_head": False}):
        between = read(pool, registry, since=moments[2], before=moments[5], batch=2, **chosen)
        assert await texts(between) == ["c", "d", "e"]
        assert await texts(read(pool, registry, since=moments[6], **chosen)) == ["g", "h"]
        assert await texts(read(pool, registry, before=moments[1], **chosen)) == ["a"]
        assert await texts(read(pool, registry, since=datetime(2999, 1, 1, tzinfo=UTC), **chosen)) == []
    assert await texts(read(pool, registry, since=moments[2], after=5)) == ["f", "g", "h"]
    with pytest.raises(ConfigurationError, match="aware"):
        await texts(read(pool, registry, since=datetime(2020, 1, 1)))  # noqa: DTZ001 - what is refused


async def test_a_read_up_to_a_moment_to_come_follows_the_head(pool, registry):
    await fill(pool, *(new(NoteTaken(text)) for text in "ab"))
    await publish(pool)
    seen = []
    async for event in read(pool, registry, before=datetime(2999, 1, 1, tzinfo=UTC), batch=1):
        seen.append(event.data.text)
        if event.data.text == "b":
            await fill(pool, new(NoteTaken("c")))
            await publish(pool)
    assert seen == ["a", "b", "c"]


async def test_a_period_costs_no_more_than_what_lies_in_it(pool, registry):
    await fill(pool, *(new(NoteTaken(str(number))) for number in range(3000)))
    await publish(pool)
    await fill(pool, new(NoteTaken("late")))
    await publish(pool)
    async with pool.acquire() as connection:
        moment = await connection.fetchval("SELECT recorded_at FROM headrace.event WHERE position = 3001")
        assert await time_bounds(connection, EventFilter(since=moment)) == (3000, None)
        assert await time_bounds(connection, EventFilter(before=moment)) == (0, 3000)
    assert await texts(read(pool, registry, since=moment)) == ["late"]


async def test_a_stream_is_read_by_version_without_waiting_for_the_head(pool, registry):
    contact = Stream("contact", "1")
    for name in ("Ada", "Bo", "Cy", "Di"):
        await fill(pool, new(ContactRenamed(name), stream="1"), new(ContactRenamed("other"), stream="2"))

    assert await texts(read(pool, registry, stream=contact, batch=3)) == ["Ada", "Bo", "Cy", "Di"]
    assert await texts(read(pool, registry, stream=contact, after=1, until=3, batch=1)) == ["Bo", "Cy"]
    assert await texts(read(pool, registry, stream=contact, tenant_id="acme")) == []


@pytest.mark.parametrize(("follow_head", "seen"), [(True, ["a", "b", "c", "d"]), (False, ["a", "b"])])
async def test_a_read_ends_where_the_head_is_then_or_was_at_first(pool, registry, follow_head, seen):
    await fill(pool, new(NoteTaken("a")), new(NoteTaken("b")))
    await publish(pool)
    got = []
    async for event in read(pool, registry, batch=1, follow_head=follow_head):
        got.append(event.data.text)
        if event.data.text == "a":
            await fill(pool, new(NoteTaken("c")), new(NoteTaken("d")))
            await publish(pool)
    assert got == seen


async def test_no_connection_is_held_while_the_caller_works_on_a_page(pool, registry):
    await fill(pool, *(new(NoteTaken(str(number))) for number in range(4)))
    await publish(pool)
    async for _ in read_batches(pool, registry, batch=2):
        async with asyncio.timeout(5), AsyncExitStack() as lent:
            for _ in range(10):  # all the pool has; the page that is read ahead gives its own back by itself
                await lent.enter_async_context(pool.acquire())


async def test_an_unknown_type_is_an_error_and_never_skipped(pool):
    await fill(pool, new(NoteTaken("a")))
    await publish(pool)
    with pytest.raises(UnknownEventError, match=r"note\.taken"):
        await texts(read(pool, EventRegistry()))


async def test_a_page_of_nothing_is_refused(pool, registry):
    with pytest.raises(ConfigurationError, match="at least 1, got 0"):
        await texts(read(pool, registry, batch=0))


async def test_a_reader_who_leaves_early_leaves_no_query_and_no_session_behind(pool, stage):
    await stage.write(*(str(number) for number in range(12)))
    before = asyncio.all_tasks()
    pages = read_batches(pool, stage.registry, batch=3)
    first, second = await anext(pages), await anext(pages)
    assert [event.data.text for event in [*first, *second]] == [str(number) for number in range(6)]
    await pages.aclose()
    assert asyncio.all_tasks() == before
    async with asyncio.timeout(5), AsyncExitStack() as lent:
        for _ in range(10):  # all the pool has
            await lent.enter_async_context(pool.acquire())
