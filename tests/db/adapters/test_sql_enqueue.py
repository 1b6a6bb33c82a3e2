"""`headrace.enqueue` in plain SQL: the same jobs as Python's, clear refusals, and a role that may do nothing else."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from fix_apps import eventually
from fix_callers import acting_as_producer
from headrace import Job, Unique, bind, uuid7
from headrace.db.listener import JOBS_CHANNEL
from headrace.ids import uuid7_moment

MOMENT = datetime(2040, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
ROWS = (
    "SELECT to_jsonb(job) - 'id' - 'created_at' AS body, to_jsonb(run) - 'job_id' AS run, job.id AS id"
    " FROM headrace.job JOIN headrace.run ON job_id = id ORDER BY job.args::text"
)


@pytest.fixture(autouse=True)
def _kinds(app):
    app.declare("mail", queue="out", max_attempts=7)
    app.declare("plain")


async def rows(connection: asyncpg.Connection) -> list[tuple[dict, dict, UUID]]:
    """Every job, without what a clock or chance gives it."""
    found = []
    for body_text, run_text, job_id in await connection.fetch(ROWS):
        body, run = json.loads(body_text), json.loads(run_text)
        if body["correlation_id"] == str(job_id):
            body["correlation_id"] = "its own"
        if run["run_at"] != MOMENT.isoformat():
            run["run_at"] = run["due_first_at"] = "now"
        found.append((body, run))
    await connection.execute("TRUNCATE headrace.job, headrace.run, headrace.progress")
    return found


async def test_it_makes_the_same_jobs_as_python(app, connection):
    parent, correlation, cause = uuid7(), uuid7(), uuid7()
    await app.enqueue("plain")
    await app.enqueue("plain", [1, {"a": None}], unique=Unique("k", scope="waiting"), queue="q")
    with bind(
        correlation_id=correlation,
        causation_id=cause,
        causation_kind="event",
        tenant_id="t",
        user_id="u",
        actor="a",
        traceparent="00-x",
    ):
        await app.enqueue(
            "mail",
            {"to": 7, "text": "ü '\""},
            queue="urgent",
            priority="critical",
            max_attempts=9,
            run_at=MOMENT,
            parent=parent,
            metadata={"why": [1]},
            unique=Unique("once"),
        )
    child_count = "SELECT array_agg(child_count) FROM headrace.progress"
    children = await connection.fetchval(child_count)
    wanted = await rows(connection)

    await connection.execute("SELECT headrace.enqueue('plain')")
    await connection.execute(
        """
        SELECT headrace.enqueue('plain', '[1, {"a": null}]', unique_key => 'k', unique_scope => 'waiting', queue => 'q')
        """
    )
    await connection.fetchval(
        """
        SELECT headrace.enqueue('mail', '{"to": 7, "text": "ü ''\\""}', queue => 'urgent', priority => 'critical',
            max_attempts => 9, run_at => $1, parent_id => $2, metadata => '{"why": [1]}', unique_key => 'once',
            correlation_id => $3, causation_id => $4, causation_kind => 'event', tenant_id => 't', user_id => 'u',
            actor => 'a', traceparent => '00-x')
        """,
        MOMENT,
        parent,
        correlation,
        cause,
    )
    assert await connection.fetchval(child_count) == children == [1]
    assert await rows(connection) == wanted
    assert len(wanted) == 3


async def test_a_worker_runs_what_sql_enqueued(app, bench, connection):
    @app.job("add")
    async def add(numbers: list[int], job: Job) -> int:
        return sum(numbers)

    async with bench.working():
        job_id = await connection.fetchval("SELECT headrace.enqueue('add', '[1, 2, 3]', wake => true)")
        assert (await bench.reaches(job_id, "completed")).result == 6


async def test_what_is_left_out_comes_from_the_kind_once_a_worker_has_started(app, bench, connection):
    @app.job("resize", queue="pictures", priority="low", max_attempts=5)
    async def resize(job: Job) -> None: ...

    before = await bench.show(await connection.fetchval("SELECT headrace.enqueue('resize')"))
    assert (before.queue, before.priority, before.max_attempts) == ("default", "normal", 3)
    with pytest.raises(asyncpg.PostgresError, match="'resize' is not known") as caught:
        await connection.execute("SELECT headrace.enqueue('resize', require_known => true)")
    assert caught.value.sqlstate == "RJ002"
    async with bench.working():
        await eventually(lambda: connection.fetchval("SELECT true FROM headrace.kind WHERE name = 'resize'"))
    after = await bench.show(await connection.fetchval("SELECT headrace.enqueue('resize', require_known => true)"))
    assert (after.queue, after.priority, after.max_attempts) == ("pictures", "low", 5)


async def test_a_held_key_gives_the_holder_and_debounce_pushes_it(app, bench, connection):
    ask = "SELECT headrace.enqueue('mail', unique_key => 'k', delay => $1, debounce => $2, max_wait => '2 hours')"
    first = await connection.fetchval(ask, timedelta(minutes=1), False)
    again = await connection.fetchval(ask, timedelta(hours=1), False)
    unmoved = await bench.show(first)
    pushed = await connection.fetchval(ask, timedelta(hours=1), True)
    moved = await bench.show(first)
    assert await connection.fetchval(ask, timedelta(days=1), True) == first
    bounded = await bench.show(first)
    assert first == again == pushed
    assert await connection.fetchval("SELECT count(*) FROM headrace.job") == 1
    assert moved.run_at - unmoved.run_at > timedelta(minutes=58)
    assert bounded.run_at - unmoved.run_at == timedelta(hours=2)
    assert await connection.fetchval("SELECT headrace.enqueue('other', unique_key => 'k')") != first


async def test_a_waiting_holder_stays_locked_and_a_running_one_does_not(app, connection, database):
    ask = "SELECT headrace.enqueue('mail', unique_key => 'k')"
    free = "SELECT job_id FROM headrace.run FOR UPDATE SKIP LOCKED"
    holder = await connection.fetchval(ask)
    other = await asyncpg.connect(database)
    try:
        async with other.transaction():
            assert await other.fetchval(ask) == holder
            assert await connection.fetchval(free) is None
        await connection.execute("UPDATE headrace.run SET state = 'processing', lease = 1, worker_id = 1, attempt = 1")
        async with other.transaction():
            assert await other.fetchval(ask) == holder
            assert await connection.fetchval(free) == holder
    finally:
        await other.close()


async def test_of_many_who_enqueue_one_key_at_once_one_stores_it(connection, database):
    async with asyncpg.create_pool(database, min_size=16, max_size=16) as pool:
        ids = await asyncio.gather(
            *(pool.fetchval("SELECT headrace.enqueue('mail', unique_key => 'k')") for _ in range(64))
        )
    assert [row[0] for row in await connection.fetch("SELECT id FROM headrace.job")] == [ids[0]]
    assert set(ids) == {ids[0]}


async def test_a_key_that_a_window_holds_is_held_against_plain_sql_too(app, bench, connection):
    @app.job("digest")
    async def digest() -> None: ...

    async with bench.working():
        first = await app.enqueue("digest", unique=Unique("monday", window=timedelta(hours=1)))
        await bench.reaches(first, "completed")
    query = "SELECT headrace.enqueue('digest', unique_key => 'monday')"
    assert await connection.fetchval(query) == first.id
    await connection.execute("UPDATE headrace.unique_hold SET until = statement_timestamp()")
    assert await connection.fetchval(query) != first.id


async def test_it_goes_with_the_transaction(connection, database):
    other = await asyncpg.connect(database)
    try:
        with pytest.raises(LookupError):
            async with connection.transaction():
                await connection.execute("SELECT headrace.enqueue('mail')")
                raise LookupError
        async with connection.transaction():
            await connection.execute("SELECT headrace.enqueue('mail')")
            assert await other.fetchval("SELECT count(*) FROM headrace.job") == 0
        assert await other.fetchval("SELECT count(*) FROM headrace.job") == 1
    finally:
        await other.close()


async def test_workers_are_told_only_where_asked(connection, database):
    heard: list[str] = []
    other = await asyncpg.connect(database)
    try:
        await other.add_listener(JOBS_CHANNEL, lambda *told: heard.append(told[2]))
        await connection.execute("SELECT headrace.enqueue('mail') FROM generate_series(1, 3)")
        await other.execute("SELECT 1")
        assert heard == []
        await connection.execute("SELECT headrace.enqueue('mail', wake => true) FROM generate_series(1, 3)")
        await eventually(lambda: heard == [JOBS_CHANNEL])
    finally:
        await other.close()


REFUSALS = [
    ("NULL", "RJ001", "1 to 200 characters, got NULL"),
    ("''", "RJ001", "1 to 200 characters"),
    ("repeat('k', 201)", "RJ001", "1 to 200 characters"),
    ("'new', require_known => true", "RJ002", "'new' is not known"),
    ("'mail', to_jsonb(repeat('x', 1048575))", "RJ003", "1048577 bytes, more than the limit of 1048576"),
    ("'mail', metadata => '[1]'", "RJ004", "got a JSON array"),
    ("'mail', metadata => 'null'", "RJ004", "got a JSON null"),
    ("'mail', queue => ''", "RJ005", "queue"),
    ("'mail', queue => 'a b'", "RJ005", "queue"),
    ("'mail', queue => E'a\\n'", "RJ005", "queue"),
    ("'mail', queue => 'ä'", "RJ005", "queue"),
    ("'mail', queue => repeat('q', 101)", "RJ005", "queue"),
    ("'mail', priority => 'urgent'", "RJ006", "critical, high, normal, low, got 'urgent'"),
    ("'mail', max_attempts => 0", "RJ007", "1 to 32767, got 0"),
    ("'mail', max_attempts => 32768", "RJ007", "1 to 32767, got 32768"),
    ("'mail', run_at => now(), delay => '1 s'", "RJ008", "not both"),
    ("'mail', delay => '-1 s'", "RJ008", "0 to 36525 days, got -00:00:01"),
    ("'mail', delay => '200 years'", "RJ008", "0 to 36525 days"),
    ("'mail', run_at => 'infinity'", "RJ008", "years 2 to 9999, got infinity"),
    ("'mail', run_at => '0044-03-15 BC'", "RJ008", "years 2 to 9999"),
    ("'mail', unique_key => ''", "RJ009", "1 to 1000 characters, got 0"),
    ("'mail', unique_key => repeat('k', 1001)", "RJ009", "1 to 1000 characters, got 1001"),
    ("'mail', unique_key => 'k', unique_scope => 'ever'", "RJ009", "waiting or alive, got 'ever'"),
    ("'mail', unique_key => 'k', max_wait => '-1 s'", "RJ009", "max_wait"),
    ("'mail', unique_key => 'k', max_wait => NULL", "RJ009", "got NULL"),
    ("'mail', causation_kind => 'whim'", "RJ010", "request, job or event, got 'whim'"),
]


async def test_what_python_refuses_is_refused_with_a_code_of_its_own(connection):
    for call, code, message in REFUSALS:
        with pytest.raises(asyncpg.PostgresError) as caught:
            await connection.execute(f"SELECT headrace.enqueue({call})")
        assert (caught.value.sqlstate, message in caught.value.message) == (code, True), caught.value
        assert caught.value.hint
    assert await connection.fetchval("SELECT count(*) FROM headrace.run") == 0


async def test_args_at_the_limit_and_null_options_are_fine(connection, bench):
    await connection.execute("SELECT headrace.enqueue('mail', to_jsonb(repeat('x', 1048574)))")
    job = await connection.fetchval(
        "SELECT headrace.enqueue('mail', NULL, queue => NULL, priority => NULL, max_attempts => NULL, run_at => NULL,"
        " delay => NULL, unique_key => NULL, unique_scope => NULL, debounce => NULL, max_wait => NULL,"
        " tenant_id => NULL, require_known => NULL, wake => NULL)"
    )
    stored = await bench.show(job)
    assert (stored.args, stored.queue, stored.priority, stored.tenant_id) == (None, "default", "normal", "")


async def test_ids_made_in_sql_are_version_7_and_follow_the_clock(connection):
    ids = [row[0] for row in await connection.fetch("SELECT headrace.uuid7() FROM generate_series(1, 2000)")]
    assert {(made.version, made.variant) for made in ids} == {(7, "specified in RFC 4122")}
    assert len(set(ids)) == 2000
    assert abs(uuid7_moment(ids[0]) - datetime.now(UTC)) < timedelta(minutes=1)
    first, second = await connection.fetchrow(
        "SELECT headrace.uuid7('2030-01-01 00:00:00.000998Z'), headrace.uuid7('2030-01-01 00:00:00.000999Z')"
    )
    assert first < second
    assert uuid7_moment(second) == datetime(2030, 1, 1, tzinfo=UTC)
    # The least id of a moment bounds it, so that the day partitions hold what was made on their day.
    assert await connection.fetchval(
        "SELECT headrace.uuid7_floor(m) <= headrace.uuid7(m) FROM date_trunc('day', now()) AS m"
    )


GRANTS = ("GRANT USAGE ON SCHEMA headrace", "GRANT EXECUTE ON FUNCTION headrace.enqueue")


async def test_a_role_can_be_let_enqueue_and_nothing_else(connection):
    tables = [
        row[0]
        for row in await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'headrace'::regnamespace AND relkind IN ('r', 'p')"
        )
    ]
    assert {"job", "run", "outcome", "event", "kind"} <= set(tables)
    parent = await connection.fetchval("SELECT headrace.enqueue('mail', '{\"secret\": 1}', unique_key => 'k')")
    async with acting_as_producer(connection, *GRANTS):
        assert await connection.fetchval("SELECT headrace.enqueue('mail', '{\"to\": 1}', wake => true)")
        assert await connection.fetchval("SELECT headrace.enqueue('mail', parent_id => $1)", parent)
        assert (
            await connection.fetchval("SELECT headrace.enqueue('mail', unique_key => 'k', debounce => true)") == parent
        )
        for table in tables:
            for statement in (
                f"SELECT FROM headrace.{table}",
                f"INSERT INTO headrace.{table} DEFAULT VALUES",
                f"DELETE FROM headrace.{table}",
                f"TRUNCATE headrace.{table}",
                f"LOCK TABLE headrace.{table} IN ACCESS SHARE MODE",
            ):
                with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.WrongObjectTypeError)):
                    async with connection.transaction():
                        await connection.execute(statement)
        for statement in (
            "SELECT FROM headrace.job_state",
            "SELECT nextval('headrace.lease')",
            "SELECT headrace.ensure_day('2030-01-01')",
            "SELECT headrace.ensure_event_partition(10, 1)",
            "CREATE TABLE headrace.mine (id int)",
            "DROP FUNCTION headrace.enqueue",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    definers = await connection.fetch(
        "SELECT proname, 'search_path=pg_catalog, pg_temp' = ANY (proconfig) AS is_fixed,"
        " proacl::text ~ '[{,]=X' AS is_open FROM pg_proc WHERE pronamespace = 'headrace'::regnamespace AND prosecdef"
    )
    assert {"append", "enqueue", "drop_event_partition"} <= {row["proname"] for row in definers}
    assert [row["proname"] for row in definers if not row["is_fixed"] or row["is_open"] is not False] == []
    assert await connection.fetchval("SELECT count(*) FROM headrace.job") == 3


async def test_without_the_grant_nobody_may_enqueue(connection):
    async with acting_as_producer(connection, GRANTS[0]):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="function enqueue"):
            await connection.execute("SELECT headrace.enqueue('mail')")


async def test_what_a_caller_puts_before_the_catalogue_is_not_used(connection):
    await connection.execute("GRANT CREATE ON SCHEMA public TO public")
    async with acting_as_producer(connection, *GRANTS):
        await connection.execute(
            "CREATE FUNCTION public.char_length(text) RETURNS integer LANGUAGE sql AS 'SELECT 1 / 0';"
            "CREATE FUNCTION pg_temp.jsonb_typeof(jsonb) RETURNS text LANGUAGE sql AS 'SELECT (1 / 0)::text';"
            "SET search_path = public, pg_temp, pg_catalog"
        )
        assert await connection.fetchval("SELECT headrace.enqueue('mail', metadata => '{}')")
        await connection.execute("RESET search_path")
