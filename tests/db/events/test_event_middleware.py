"""Middleware around real appends and real handlers of events, in every mode and by every way there is."""

import asyncpg
import psycopg
import pytest
from msgspec.structs import replace

from fix_apps import eventually
from fix_events import ContactCreated, NoteTaken
from headrace import EventDraft, Headrace, PastEvent, Stream, WrongVersionError, current
from headrace.events.event import NONE
from headrace.testing import assert_enqueued, drain

ADA = Stream("contact", "ada")


class Notes:
    """Marks each note, and writes down what it is called with."""

    def __init__(self) -> None:
        self.appended: list[list[str]] = []
        self.committed: list[list[str]] = []

    def before_append(self, draft: EventDraft) -> EventDraft:
        return replace(draft, data=NoteTaken(f"{draft.data.text}!")) if isinstance(draft.data, NoteTaken) else draft

    async def after_append(self, events, tx) -> None:
        self.appended.append([event.data.text for event in events])

    async def after_commit(self, events) -> None:
        self.committed.append([event.data.text for event in events])


class Only:
    """A middleware of the parts given."""

    def __init__(self, **parts) -> None:
        self.__dict__.update(parts)


@pytest.fixture
def noting(app: Headrace) -> Notes:
    """A middleware of the app, which knows notes and contacts."""
    app.register(NoteTaken, ContactCreated)
    notes = Notes()
    app.middleware(notes)
    return notes


async def texts(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch("SELECT data ->> 'text' AS text FROM headrace.event ORDER BY position")
    return [row["text"] for row in rows]


async def test_every_way_to_append_goes_through_it(app, noting, database, connection):
    await app.append(NoteTaken("alone"))
    async with app.transaction() as tx:
        await tx.append(NoteTaken("in a transaction"))
        await tx.append(NoteTaken("and another"), stream=ADA, expected=NONE)
    caller = await asyncpg.connect(database)
    async with caller.transaction():
        await app.append(NoteTaken("on a caller's"), connection=caller)
    await caller.close()
    with psycopg.connect(database) as blocking:
        app.sync.append(NoteTaken("blocking"), connection=blocking)
    await app.import_events([PastEvent(data=NoteTaken("imported"))])
    assert await texts(connection) == [
        "alone!",
        "in a transaction!",
        "and another!",
        "on a caller's!",
        "blocking!",
        "imported!",
    ]
    # Imports call nobody back, and of a caller's commit nobody tells.
    assert noting.appended == [["alone!"], ["in a transaction!", "and another!"], ["on a caller's!"], ["blocking!"]]
    assert noting.committed == noting.appended[:2]


async def test_what_it_writes_after_an_append_commits_with_it_or_not_at_all(app, connection):
    await connection.execute("CREATE TABLE audit (what text, position bigint)")
    app.register(NoteTaken)
    app.declare("tell")

    async def after_append(events, tx) -> None:
        for event in events:
            await tx.execute("INSERT INTO audit VALUES ($1, $2)", event.data.text, event.position)
            await tx.enqueue("tell")

    app.middleware(Only(after_append=after_append))
    await app.append(NoteTaken("one"))
    with pytest.raises(LookupError):
        async with app.transaction() as tx:
            await tx.append(NoteTaken("two"))
            await tx.flush()
            assert await tx.fetchval("SELECT count(*) FROM audit") == 2
            raise LookupError
    audited = await connection.fetch("SELECT what, position FROM audit")
    assert audited == await connection.fetch("SELECT data ->> 'text', position FROM headrace.event")
    assert [row["what"] for row in audited] == ["one"]
    await assert_enqueued(app, "tell", count=1)


async def test_its_error_before_or_after_an_append_aborts_it(app, connection):
    class Refuses:
        def before_append(self, draft: EventDraft) -> EventDraft:
            if draft.data == NoteTaken("bad"):
                raise PermissionError("before")
            return draft

        async def after_append(self, events, tx) -> None:
            if events[0].data == NoteTaken("worse"):
                raise PermissionError("after")

    app.register(NoteTaken)
    app.middleware(Refuses())
    for text, when in (("bad", "before"), ("worse", "after")):
        with pytest.raises(PermissionError, match=when):
            await app.append(NoteTaken(text))
    assert await texts(connection) == []


async def test_nothing_is_locked_when_it_sees_a_new_event(app, connection):
    """The stream is locked by the append: whoever asks elsewhere about a new event must not hold it meanwhile."""
    app.register(NoteTaken)
    held: list[int] = []

    def before_append(draft: EventDraft) -> EventDraft:
        held.append(1)
        return draft

    app.middleware(Only(before_append=before_append))
    await app.append(NoteTaken("first"), stream=ADA)
    async with app.transaction() as tx:
        await tx.append(NoteTaken("second"), stream=ADA)
        assert len(held) == 2
        await connection.execute("SELECT 1 FROM headrace.stream FOR UPDATE NOWAIT")


async def test_what_follows_a_commit_sees_what_is_committed_and_cannot_undo_it(bench, connection):
    app, seen = bench.app, []
    app.register(NoteTaken)

    async def after_commit(events) -> None:
        seen.append(
            [await connection.fetchval("SELECT data ->> 'text' FROM headrace.event WHERE id = $1", events[0].id)]
        )
        raise LookupError("too late")

    app.middleware(Only(after_commit=after_commit))
    await app.append(NoteTaken("kept"), stream=ADA)
    with pytest.raises(WrongVersionError):
        await app.append(NoteTaken("lost"), stream=ADA, expected=NONE)
    async with app.transaction() as tx:
        with pytest.raises(ZeroDivisionError):
            async with tx.savepoint():
                await tx.append(NoteTaken("undone"))
                await tx.flush()
                raise ZeroDivisionError
    assert seen == [["kept"]]
    assert await texts(connection) == ["kept"]
    (told,) = bench.records.named("event.middleware_failed")
    assert (repr(told.error), told.fields["middleware"].rpartition(".")[2]) == (
        "LookupError('too late')",
        "after_commit",
    )


async def test_it_stands_around_handlers_of_every_mode(bench):
    app = bench.app
    app.register(NoteTaken)
    seen: list[tuple[str, str, int]] = []
    called: list[str] = []

    async def around_handler(handler, events, call_next):
        seen.append((handler.name, handler.mode, len(events)))
        assert len(events) > 1 or current().causation_id == events[0].id
        return await call_next()

    app.middleware(Only(around_handler=around_handler))

    @app.on(NoteTaken, mode="sync")
    async def at_once(event, tx):
        called.append("at_once")

    @app.on(NoteTaken)
    async def as_job(event, job):
        called.append("as_job")

    @app.on(NoteTaken, mode="ordered")
    async def in_order(events, tx):
        called.append("in_order")

    @app.on(NoteTaken, mode="live")
    async def watching(event):
        called.append("watching")

    async with bench.working():
        await eventually(lambda: app.broadcaster.viewer_count == 1)
        await eventually(lambda: all(viewer.is_joined for viewer in app.broadcaster._viewers))
        await app.append(NoteTaken("n"))
        await eventually(lambda: len(called) == 4)
    assert sorted(seen) == [
        ("as_job", "job", 1),
        ("at_once", "sync", 1),
        ("in_order", "ordered", 1),
        ("watching", "live", 1),
    ]


async def test_its_error_is_the_handlers_and_without_calling_on_the_handler_is_passed_by(app, connection):
    app.register(NoteTaken)
    handled: list[str] = []

    async def around_handler(handler, events, call_next):
        if events[0].data.text == "bad":
            raise PermissionError("bad")
        return await call_next() if events[0].data.text != "skip" else None

    app.middleware(Only(around_handler=around_handler))

    @app.on(NoteTaken, mode="ordered", attempts=1, batch_size=1)
    async def in_order(events, tx):
        handled.extend(event.data.text for event in events)

    for number, text in enumerate(("one", "skip", "two")):
        await app.append(NoteTaken(text), stream=Stream("note", str(number)))
    await drain(app)
    assert handled == ["one", "two"]
    await app.append(NoteTaken("bad"), stream=ADA)
    with pytest.raises(PermissionError, match="bad"):
        await drain(app)
    assert await connection.fetchval("SELECT last_error ->> 'message' FROM headrace.parked_stream") == "bad"
