"""What every driver must do alike: jobs and events come with the caller's commit, and go with its rollback."""

from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest

from fix_apps import eventually
from fix_callers import CALLERS, Caller
from headrace import (
    NONE,
    Headrace,
    InvalidArgsError,
    Stream,
    TransactionClosedError,
    Unique,
    WrongVersionError,
    bind,
    event,
    uuid7,
)
from headrace.db.listener import JOBS_CHANNEL


@event("letter.sent", version=1)
class LetterSent(msgspec.Struct, frozen=True):
    to: int


@pytest.fixture(autouse=True)
def _kinds(app: Headrace) -> None:
    app.declare("mail", args_type=dict[str, int], queue="out", max_attempts=7)
    app.register(LetterSent)


async def count(connection: asyncpg.Connection, table: str = "job") -> int:
    return await connection.fetchval(f"SELECT count(*) FROM headrace.{table}")


async def test_a_job_appears_with_the_callers_commit_and_not_before(app, caller: Caller, database, connection):
    async with caller.connect(database) as theirs:
        async with caller.begin(theirs):
            await caller.execute(theirs, "CREATE TABLE public.orders (id int)")
            job = await caller.call(app, "enqueue", "mail", {"to": 1}, connection=theirs)
            assert await count(connection) == 0
        assert [row["id"] for row in await connection.fetch("SELECT id FROM headrace.job")] == [job.id]
        assert await count(connection, "run") == 1
        assert await connection.fetchval("SELECT to_regclass('public.orders') IS NOT NULL")


async def test_a_job_goes_with_the_callers_rollback(app, caller: Caller, database, connection):
    async with caller.connect(database) as theirs:
        with pytest.raises(LookupError):
            async with caller.begin(theirs):
                await caller.call(app, "enqueue", "mail", {"to": 1}, connection=theirs)
                await caller.call(app, "enqueue", "mail", {"to": 2}, unique=Unique("once"), connection=theirs)
                raise LookupError
        assert (await count(connection), await count(connection, "run")) == (0, 0)
        async with caller.begin(theirs):  # the connection is as good as before
            await caller.call(app, "enqueue", "mail", {"to": 3}, connection=theirs)
        assert await count(connection) == 1


async def test_a_job_enqueued_by_any_driver_waits_for_those_it_depends_on(app, caller: Caller, database, connection):
    first = await app.enqueue("mail", {"to": 1})
    async with caller.connect(database) as theirs, caller.begin(theirs):
        second = await caller.call(
            app,
            "enqueue",
            "mail",
            {"to": 2},
            depends_on={"first": first},
            on_failed_dependency="run",
            connection=theirs,
        )
    row = await connection.fetchrow("SELECT state, waits_for FROM headrace.run WHERE job_id = $1", second.id)
    assert tuple(row) == ("held", 1)
    edge = await connection.fetchrow("SELECT depends_on, name, on_failed FROM headrace.dependency")
    assert tuple(edge) == (first.id, "first", "run")


async def test_any_driver_meets_who_holds_a_key(app, caller: Caller, database, connection):
    unique = Unique("key", on_conflict="replace", window=timedelta(hours=1))
    first = await app.enqueue("mail", {"to": 1}, unique=unique)
    async with caller.connect(database) as theirs, caller.begin(theirs):
        again = await caller.call(app, "enqueue", "mail", {"to": 2}, unique=unique, connection=theirs)
    assert (again.id, again.is_new) == (first.id, False)
    assert msgspec.json.decode(await connection.fetchval("SELECT args::text FROM headrace.job")) == {"to": 2}


async def test_every_driver_stores_the_same_rows(app, database, connection):
    parent, correlation, cause = uuid7(), uuid7(), uuid7()
    options = {
        "queue": "q:1",
        "priority": "low",
        "max_attempts": 9,
        "run_at": datetime(2040, 5, 6, 7, 8, 9, 123456, tzinfo=UTC),
        "parent": parent,
        "metadata": {"why": "100 % \"quoted\" 'and' $1 %s \\ ü"},
    }
    context = {
        "correlation_id": correlation,
        "causation_id": cause,
        "causation_kind": "request",
        "tenant_id": "t'1",
        "user_id": "u%s",
        "actor": "a$1",
        "traceparent": "00-x",
    }
    stored = []
    for caller in CALLERS:
        async with caller.connect(database) as theirs, caller.begin(theirs):
            with bind(**context):
                await caller.call(app, "enqueue", "mail", {"to": 1}, connection=theirs, **options)
                unique = Unique("key", scope="waiting", on_conflict="debounce", max_wait=timedelta(hours=1))
                await caller.call(
                    app,
                    "enqueue_many",
                    "mail",
                    [{"to": 2}],
                    uniques=[unique],
                    connection=theirs,
                    delay=timedelta(days=2),
                )
        rows = await connection.fetch(
            "SELECT to_jsonb(job) - 'id' - 'created_at' AS body,"
            " to_jsonb(run) - 'job_id' - 'run_at' - 'due_first_at' AS run,"
            " run.run_at = '2040-05-06T07:08:09.123456Z'"
            " OR abs(extract(epoch FROM run_at - created_at) - 172800) < 5 AS is_due"
            " FROM headrace.job JOIN headrace.run ON job_id = id ORDER BY args::text"
        )
        stored.append([tuple(row) for row in rows])
        await connection.execute("TRUNCATE headrace.job, headrace.run")
    assert len(stored[0]) == 2
    assert all(row[2] for row in stored[0])
    assert stored == [stored[0]] * len(CALLERS)
    assert await connection.fetchval("SELECT child_count FROM headrace.progress WHERE job_id = $1", parent) == len(
        CALLERS
    )


async def test_keys_order_and_checks_hold_as_on_the_engines_own(app, caller: Caller, database, connection):
    async with caller.connect(database) as theirs, caller.begin(theirs):
        first = await caller.call(app, "enqueue", "mail", {"to": -1}, unique=Unique("key"), connection=theirs)
        again = await caller.call(app, "enqueue", "mail", {"to": -2}, unique=Unique("key"), connection=theirs)
        assert (first.is_new, again.is_new, again.id) == (True, False, first.id)
        with pytest.raises(InvalidArgsError):
            await caller.call(app, "enqueue", "mail", {"to": "me"}, connection=theirs)
        jobs = await caller.call(app, "enqueue_many", "mail", [{"to": n} for n in range(300)], connection=theirs)
    rows = await connection.fetch("SELECT id FROM headrace.job ORDER BY (args->>'to')::int")
    assert [row["id"] for row in rows] == [job.id for job in [first, *jobs]]


async def test_events_are_appended_in_the_callers_transaction(app, caller: Caller, database, connection):
    async with caller.connect(database) as theirs:
        async with caller.begin(theirs):
            stream = Stream("letter", "7")
            await caller.call(app, "append", LetterSent(1), stream=stream, expected=NONE, connection=theirs)
            with pytest.raises(WrongVersionError):
                await caller.call(app, "append", LetterSent(2), stream=stream, expected=NONE, connection=theirs)
            await caller.call(app, "append", LetterSent(3), connection=theirs)
        with pytest.raises(LookupError):
            async with caller.begin(theirs):
                await caller.call(app, "append", LetterSent(4), stream=stream, expected=1, connection=theirs)
                raise LookupError
    rows = await connection.fetch("SELECT data, stream_version FROM headrace.event ORDER BY position")
    assert [tuple(row) for row in rows] == [('{"to": 1}', 1), ('{"to": 3}', None)]


async def test_a_sync_handler_writes_in_the_callers_transaction_and_its_failures_stay_in_a_savepoint(
    app: Headrace, caller: Caller, database, connection
):
    @app.on("letter.sent", mode="sync")
    async def note(sent, tx):
        await tx.execute("INSERT INTO public.sent (reader) VALUES ($1::text || ' 100%')", str(sent.data.to))
        await tx.enqueue("mail", {"to": await tx.fetchval("SELECT count(*)::int FROM public.sent")})

    @app.on("letter.sent", mode="sync", on_error="log")
    async def fail(sent, tx):
        await tx.execute("INSERT INTO public.sent (reader) VALUES ('nobody')")
        await tx.execute("SELECT 1 / 0")

    await connection.execute("CREATE TABLE public.sent (reader text)")
    async with caller.connect(database) as theirs, caller.begin(theirs):
        await caller.call(app, "append", LetterSent(7), connection=theirs)
    assert [row[0] for row in await connection.fetch("SELECT reader FROM public.sent")] == ["7 100%"]
    assert await connection.fetchval("SELECT args FROM headrace.job") == '{"to": 1}'


async def test_it_is_refused_outside_a_transaction(app, caller: Caller, database, connection):
    async with caller.connect(database) as theirs:
        with pytest.raises(TransactionClosedError, match="in no transaction"):
            await caller.call(app, "enqueue", "mail", {"to": 1}, connection=theirs)
        async with caller.begin(theirs):
            await caller.execute(theirs, "SELECT 1")
        with pytest.raises(TransactionClosedError, match="in no transaction"):
            await caller.call(app, "enqueue", "mail", {"to": 1}, connection=theirs)
    with pytest.raises(TransactionClosedError):
        await caller.call(app, "enqueue", "mail", {"to": 1}, connection=theirs)
    assert await count(connection) == 0


async def test_it_is_refused_in_a_transaction_that_failed(app, caller: Caller, database):
    class UndoneError(Exception):
        pass

    async with caller.connect(database) as theirs:
        with pytest.raises(UndoneError):
            async with caller.begin(theirs):
                with pytest.raises(Exception, match="division by zero"):
                    await caller.execute(theirs, "SELECT 1 / 0")
                for unique in (None, Unique("key")):
                    with pytest.raises(TransactionClosedError, match="rolled back"):
                        await caller.call(app, "enqueue", "mail", {"to": 1}, unique=unique, connection=theirs)
                raise UndoneError


@pytest.mark.parametrize(
    "caller", [one for one in CALLERS if one.tells_commit or not one.is_blocking], ids=lambda one: one.name
)
async def test_workers_are_told_after_the_commit(app, caller: Caller, database, connection):
    heard: list[str] = []
    await connection.add_listener(JOBS_CHANNEL, lambda *told: heard.append(told[2]))
    async with caller.connect(database) as theirs:
        for _ in range(2):  # and told again of the next transaction on the same connection
            async with caller.begin(theirs):
                for number in range(3):
                    await caller.call(app, "enqueue", "mail", {"to": number}, connection=theirs)
                await connection.execute("SELECT 1")
                assert heard == []
            await eventually(lambda: heard == [JOBS_CHANNEL], 5)
            heard.clear()
        with pytest.raises(LookupError):
            async with caller.begin(theirs):
                await caller.call(app, "enqueue", "mail", {"to": 9}, connection=theirs)
                raise LookupError
        async with caller.begin(theirs):
            await caller.execute(theirs, "SELECT 1")
        if caller.tells_commit:
            await connection.execute("SELECT 1")
            assert heard == []


@pytest.mark.parametrize("caller", [one for one in CALLERS if one.is_blocking], ids=lambda one: one.name)
async def test_workers_can_be_told_by_the_commit_itself(app, caller: Caller, database, connection):
    heard: list[str] = []
    await connection.add_listener(JOBS_CHANNEL, lambda *told: heard.append(told[2]))
    async with caller.connect(database) as theirs:
        async with caller.begin(theirs):
            app.sync.wake(theirs)
            await connection.execute("SELECT 1")
            assert heard == []
        await eventually(lambda: heard == [JOBS_CHANNEL], 5)


@pytest.mark.parametrize("caller", [one for one in CALLERS if one.is_blocking], ids=lambda one: one.name)
async def test_blocking_callers_need_neither_an_open_app_nor_an_event_loop(caller: Caller, database, connection):
    import asyncio

    closed = Headrace(name="web", say=lambda _: None)
    closed.declare("mail")

    def enqueue() -> None:
        async def run() -> None:
            async with caller.connect(database) as theirs, caller.begin(theirs):
                closed.sync.enqueue("mail", {"to": 1}, connection=theirs)

        with pytest.raises(StopIteration):  # the caller itself awaits nothing either
            run().send(None)

    await asyncio.to_thread(enqueue)
    assert await count(connection) == 1
