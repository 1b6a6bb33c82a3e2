"""An import that commits part by part leaves the log that one append after the other would, wherever it ends."""

import asyncio
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fix_apps import APPS, eventually, send
from fix_events import ContactCreated, NoteTaken, known_events, new
from headrace import Context, Headrace, Imported, ImportStoppedError, PastEvent, Stream, bind, uuid7
from headrace.errors import ConfigurationError, EventIdTakenError, InvalidEventError, UnknownEventError
from headrace.events import import_parts
from headrace.events.head import Head
from headrace.events.import_parts import import_in_parts
from headrace.events.read import head_position
from headrace.events.store import append
from headrace.telemetry import Telemetry

MOMENT = datetime(2001, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
CONTENT = (
    "SELECT type, schema_version, tenant_id, user_id, aggregate_type, aggregate_id, stream_version, data::text, source,"
    " CASE WHEN correlation_id <> id THEN correlation_id END, causation_id, causation_kind, actor, traceparent, path,"
    " occurred_at, retention FROM headrace.event ORDER BY position"
)
WHOLE = Context(uuid7(), uuid7(), "job", "t", "u", "a", "00-x", "note.taken > h")
CONTEXTS = (Context(), WHOLE, Context(tenant_id="é ☃"), msgspec.structs.replace(WHOLE, path=None))


def past(text: str, stream: str | None = None, **options) -> PastEvent:
    chosen = None if stream is None else Stream("contact", stream)
    return PastEvent(data=NoteTaken(text), stream=chosen, occurred_at=MOMENT, **options)


async def texts(connection: asyncpg.Connection) -> list[tuple]:
    rows = await connection.fetch(
        "SELECT data ->> 'text', aggregate_id, stream_version FROM headrace.event ORDER BY position"
    )
    return [tuple(row) for row in rows]


class Shouting:
    def before_append(self, draft):
        return msgspec.structs.replace(draft, data=NoteTaken(draft.data.text + "!"))


def units(connection):
    """What begins a part on one connection, as a savepoint."""

    @asynccontextmanager
    async def begin():
        async with connection.transaction():
            yield SimpleNamespace(connection=connection, has_events=False, mark_sound=lambda: None)

    return begin


async def imported(connection, events, *, commit_every: int, registry=None, **options) -> Imported:
    chosen = registry or known_events()
    return await import_in_parts(
        units(connection), chosen, events, commit_every=commit_every, source="tests", **options
    )


EVENTS = st.tuples(
    st.sampled_from([None, "a", "B", "é"]),
    st.sampled_from([None, None, 0, 1]),
    st.sampled_from(CONTEXTS),
    st.sampled_from([NoteTaken, ContactCreated]),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(EVENTS, max_size=9), max_size=3), commit_every=st.integers(1, 5))
async def test_any_parts_leave_the_log_that_appends_one_by_one_would(connection, batches, commit_every):
    """An event is given by its stream, an id of that stream or none, its context and its class."""
    ids: dict[tuple, object] = {}

    def events_of(batch) -> list[PastEvent]:
        return [
            PastEvent(
                data=cls(str(key)),
                stream=None if stream is None else Stream("contact", stream),
                occurred_at=MOMENT + timedelta(microseconds=len(str(key))),
                event_id=None if key is None else ids.setdefault((stream, key, context.tenant_id, cls), uuid7()),
                context=context,
            )
            for stream, key, context, cls in batch
        ]

    logs = []
    for is_import in (True, False):
        outer = connection.transaction()
        await outer.start()
        try:
            counts = []
            for batch in batches:
                if is_import:
                    found = await imported(connection, events_of(batch), commit_every=commit_every)
                    assert found.event_count + found.known_count == len(batch)
                    counts.append(found.event_count)
                else:
                    count = 0
                    for one in events_of(batch):
                        made = new(
                            one.data,
                            stream=one.stream and one.stream.aggregate_id,
                            occurred_at=one.occurred_at,
                            event_id=one.event_id,
                            context=one.context,
                        )
                        count += (await append(connection, [made]))[0].is_new
                    counts.append(count)
            given_ids = await connection.fetch(
                "SELECT given_id.id, event.type FROM headrace.given_id"
                " LEFT JOIN headrace.event USING (tenant_id, id, position) ORDER BY 1, 2"
            )
            streams = await connection.fetch("SELECT * FROM headrace.stream ORDER BY 1, 2, 3")
            logs.append((counts, await connection.fetch(CONTENT), given_ids, streams))
        finally:
            await outer.rollback()
    assert logs[0] == logs[1]


async def test_it_tells_after_each_commit_what_the_import_has_come_to(connection):
    told = []
    events = [past(str(n), "ab"[n % 2] if n % 3 else None) for n in range(7)]
    found = await imported(connection, events, commit_every=3, on_commit=told.append)
    assert told == [Imported(3, 0, 1, 3), Imported(6, 0, 1, 6), Imported(7, 0, 1, 7)]
    assert found == told[-1]
    assert await imported(connection, [], commit_every=3) == Imported(0, 0, None, None)
    rows = await connection.fetch("SELECT recorded_at FROM headrace.event ORDER BY position")
    moments = [row[0] for row in rows]
    assert moments == sorted(moments)
    assert len(set(moments)) == 3


async def test_the_first_parts_of_a_long_import_are_smaller(connection, monkeypatch):
    monkeypatch.setattr(import_parts, "_FIRST", 2)
    told = []
    await imported(connection, [past(str(n), "a") for n in range(24)], commit_every=7, on_commit=told.append)
    assert [one.event_count for one in told] == [2, 6, 13, 20, 24]
    assert await texts(connection) == [(str(n), "a", n + 1) for n in range(24)]


async def test_what_is_bound_around_a_yield_is_the_context_of_the_event(connection):
    def history():
        for tenant in ("x", "y"):
            with bind(tenant_id=tenant):
                yield past(tenant)
        yield past("none")

    async def slow_history():
        for one in history():
            await asyncio.sleep(0)
            yield one

    await imported(connection, history(), commit_every=2)
    await imported(connection, slow_history(), commit_every=2)
    rows = await connection.fetch("SELECT tenant_id FROM headrace.event ORDER BY position")
    assert [row[0] for row in rows] == ["x", "y", ""] * 2


async def test_what_sees_each_event_before_it_is_stored_sees_those_too(connection):
    registry = known_events()
    registry.on_append = lambda event: msgspec.structs.replace(event, traceparent=f"00-{event.payload.text}")
    await imported(connection, [past("1", "a"), past("2")], commit_every=2, registry=registry)
    registry.middleware.add(Shouting())
    await imported(connection, [past("3", "a"), past("4")], commit_every=2, registry=registry)
    rows = await connection.fetch("SELECT traceparent, data ->> 'text' FROM headrace.event ORDER BY position")
    assert [tuple(row) for row in rows] == [("00-1", "1"), ("00-2", "2"), ("00-3!", "3!"), ("00-4!", "4!")]


@pytest.mark.parametrize(
    ("bad", "cause"),
    [
        (past(7), InvalidEventError),  # type: ignore[arg-type]
        (past("nul \0"), InvalidEventError),
        (PastEvent(data=object()), UnknownEventError),
        (past("x", "n" * 201), ConfigurationError),
        (PastEvent(data=NoteTaken("x"), occurred_at=datetime(2001, 2, 3)), ConfigurationError),  # noqa: DTZ001
        (past("x", context=Context(tenant_id="n" * 201)), ConfigurationError),
    ],
)
async def test_an_error_in_the_middle_names_the_event_and_how_many_are_in(connection, bad, cause):
    events = [*(past(str(n), "a") for n in range(5)), bad, past("after", "a")]
    with pytest.raises(ImportStoppedError, match=r"at event 6: .*the first 4 events are in") as caught:
        await imported(connection, events, commit_every=2)
    assert isinstance(caught.value.__cause__, cause)
    assert (caught.value.event_number, caught.value.event_count, caught.value.known_count) == (6, 4, 0)
    assert await texts(connection) == [(str(n), "a", n + 1) for n in range(4)]


async def test_an_iterable_that_fails_stops_the_import_after_the_parts_before(connection):
    def history():
        yield from (past(str(n), "a") for n in range(3))
        raise OSError("the file ends here")

    with pytest.raises(ImportStoppedError, match="at event 4: OSError: the file ends here; the first 2") as caught:
        await imported(connection, history(), commit_every=2)
    assert isinstance(caught.value.__cause__, OSError)
    assert len(await texts(connection)) == 2


async def test_an_id_that_stands_for_other_content_stops_at_its_part_and_is_numbered(connection):
    ids = [uuid7() for _ in range(6)]
    await imported(connection, [past("other", "a", event_id=ids[4])], commit_every=9)
    events = [past(str(n), "a", event_id=ids[n]) for n in range(6)]
    with pytest.raises(ImportStoppedError, match="at event 5: EventIdTakenError") as caught:
        await imported(connection, events, commit_every=2)
    assert isinstance(caught.value.__cause__, EventIdTakenError)
    assert caught.value.event_count == 4
    # What was claimed for the part is not kept: its other event can be appended.
    assert await imported(connection, events[5:], commit_every=2) == Imported(1, 0, 6, 6)
    with pytest.raises(ImportStoppedError, match="the first 4 events are in, 4 of them since before"):
        await imported(connection, events, commit_every=2)


async def test_a_commit_whose_answer_is_lost_leaves_its_part_in_doubt(connection):
    begun = 0

    @asynccontextmanager
    async def begin():
        nonlocal begun
        begun += 1
        async with connection.transaction():
            yield SimpleNamespace(connection=connection, has_events=False, mark_sound=lambda: None)
        if begun == 2:
            raise ConnectionResetError("gone")

    events = [past(str(n), "a") for n in range(7)]
    with pytest.raises(ImportStoppedError, match=r"first 3 events are in.*whether the 3 after them") as caught:
        await import_in_parts(begin, known_events(), events, commit_every=3, source="tests")
    assert (caught.value.event_number, caught.value.event_count, caught.value.in_doubt_count) == (None, 3, 3)


async def test_a_cancelled_import_takes_back_the_part_under_way_and_leaves_the_others(app: Headrace, bench):
    app.register(NoteTaken)
    is_second = asyncio.Event()
    told = []

    async def history():
        for number in range(5):
            yield past(str(number), "a")
        await eventually(lambda: told)
        is_second.set()
        await asyncio.Event().wait()

    importing = asyncio.create_task(app.import_events(history(), commit_every=3, on_commit=told.append))
    await is_second.wait()
    importing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await importing
    assert told == [Imported(3, 0, 1, 3)]
    assert await bench.value("SELECT count(*) FROM headrace.event") == 3


async def test_a_part_that_fails_ends_the_import_before_all_others_are_made(app: Headrace, bench):
    app.register(NoteTaken)
    taken = uuid7()
    await app.append(NoteTaken("other"), event_id=taken)

    made = 0

    async def history():
        nonlocal made
        yield past("1", event_id=taken)
        for made in range(10_000):
            await asyncio.sleep(0)
            yield past(str(made))

    with pytest.raises(ImportStoppedError) as caught:
        await app.import_events(history(), commit_every=1)
    assert caught.value.event_number == 1
    assert made < 9_999
    assert await bench.value("SELECT count(*) FROM headrace.event") == 1


async def test_options_that_say_nothing_are_refused(app: Headrace):
    with pytest.raises(ConfigurationError, match="commit_every must be at least 1, got 0"):
        await app.import_events([], commit_every=0)
    with pytest.raises(ConfigurationError, match="on_commit needs commit_every"):
        await app.import_events([], on_commit=print)


async def test_imports_in_parts_and_writers_of_the_same_streams_never_deadlock_nor_lose_a_version(app, bench):
    app.register(NoteTaken)

    async def bring(number: int) -> None:
        names = [chr(ord("a") + (number * step) % 13) for step in range(1, 9)]
        ids = [uuid7() if number % 4 == 1 else None for _ in names]
        if number % 2:
            events = [past("x", name, event_id=chosen) for name, chosen in zip(names, ids, strict=True)]
            await app.import_events(events, commit_every=3)
        else:
            async with app.transaction() as tx:
                for name in names:
                    await tx.append(NoteTaken("x"), stream=Stream("contact", name))

    await asyncio.gather(*(bring(number) for number in range(1, 40)))
    async with app.pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT array_agg(stream_version ORDER BY position) FROM headrace.event GROUP BY aggregate_id"
        )
    assert sum(len(row[0]) for row in rows) == 39 * 8
    for row in rows:
        assert row[0] == list(range(1, len(row[0]) + 1))


async def test_a_reader_up_to_the_head_meets_every_event_of_an_import_and_of_writers_beside_it_once(app, bench):
    app.register(NoteTaken)
    head = Head(app.pool, telemetry=Telemetry(), pace=timedelta(0))
    is_over = False
    read: list[int] = []

    async def follow() -> None:
        while True:
            was_over = is_over
            await head.run_once()
            reached = await head_position(app.pool)
            async with app.pool.acquire() as connection:
                rows = await connection.fetch(
                    "SELECT position FROM headrace.event WHERE position > $1 AND position <= $2 ORDER BY position",
                    read[-1] if read else 0,
                    reached,
                )
            read.extend(row[0] for row in rows)
            newest = await bench.value("SELECT max(position) FROM headrace.event")
            if was_over and read and read[-1] == newest:
                return

    async def write(number: int) -> None:
        while not is_over:
            async with app.transaction() as tx:
                await tx.append(NoteTaken("beside"), stream=Stream("contact", str(number)))
                await tx.append(NoteTaken("beside"))

    following = asyncio.create_task(follow())
    writing = [asyncio.create_task(write(number)) for number in range(3)]
    try:
        for _ in range(3):
            await app.import_events((past("x", str(n % 7)) for n in range(1_000)), commit_every=150)
        is_over = True
        await asyncio.gather(*writing)
        await following
    finally:
        for task in (following, *writing):
            task.cancel()
        await head.stop()
    async with app.pool.acquire() as connection:
        rows = await connection.fetch("SELECT position FROM headrace.event ORDER BY position")
    assert read == [row[0] for row in rows]
    assert len(read) > 3_000


async def test_an_importer_that_is_killed_and_run_again_brings_every_event_once(database, connection, tmp_path: Path):
    command = [sys.executable, "-W", "error", str(APPS / "importer.py"), database, "4000", "100"]
    killed = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert killed.stdout is not None
    for _ in range(3):
        assert await killed.stdout.readline()
    send(killed, 9)
    assert await killed.wait() == -9
    # Its session may still be at the commit of the part that came last.
    await eventually(
        lambda: connection.fetchval(
            "SELECT count(*) = 0 FROM pg_stat_activity"
            " WHERE application_name = 'importer' AND datname = current_database()"
        )
    )
    there = await connection.fetchval("SELECT count(*) FROM headrace.event")
    assert 300 <= there < 4_000
    assert there % 100 == 0

    again = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told, _ = await again.communicate()
    assert again.returncode == 0
    assert told.split()[-2:] == [str(4_000 - there).encode(), str(there).encode()]
    expected = [(str(n), str(n % 10), n // 10 + 1) for n in range(4_000)]
    assert await texts(connection) == expected
