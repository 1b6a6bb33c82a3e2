"""An application runs as a role that owns nothing of the engine, and PostgreSQL keeps it from changing the log."""

from datetime import timedelta

import asyncpg
import msgspec
import pytest

from fix_apps import eventually, opened_bench
from fix_archive import PageViewed, keeping
from fix_personal import FIRST_KEY, PersonMet, met, person
from headrace import Headrace, KeyRing, PastEvent, SchemaError, StoredEvent, migrate, restore_archive
from headrace.cleanup import cleanup_old_events
from headrace.db.app_role import grant_app
from headrace.errors import ConfigurationError
from headrace.events.archive_file import data_file
from headrace.jobs.retire import retain_all
from headrace.projections import operate

pytestmark = pytest.mark.parametrize(
    "version_database",
    ["18", pytest.param("16", marks=pytest.mark.slow), pytest.param("15", marks=pytest.mark.slow)],
    indirect=True,
)


class Places(msgspec.Struct, frozen=True):
    count: int = 0


def declare(app: Headrace, done: list[str]) -> None:
    """A job, two handlers and a read model."""
    app.register(PersonMet, PageViewed)

    @app.job("add")
    async def add(args: int) -> int:
        done.append("job")
        return args + 1

    @app.on(PersonMet, mode="ordered")
    async def in_order(events, tx) -> None:
        done.append("ordered")

    @app.on(PersonMet)
    async def as_job(event, job) -> None:
        done.append("as job")

    @app.projection("meetings", PersonMet, row=Places)
    def meetings(row: Places, one: StoredEvent) -> Places:
        return Places(row.count + 1)


async def old_partition(owning: asyncpg.Connection) -> str:
    """A partition of the log of nine days ago, with one event; its name."""
    day, name = await owning.fetchrow(
        "SELECT day, 'event_operational_' || to_char(day, 'YYYYMMDD')"
        " FROM (SELECT date_trunc('day', statement_timestamp(), 'UTC') - interval '9 days') AS past (day)"
    )
    await owning.execute(f"CREATE TABLE headrace.{name} (LIKE headrace.event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    await owning.execute(
        "SELECT headrace.attach_event_partition('operational', $1, $2::timestamptz, $2 + interval '1 day')", name, day
    )
    await owning.execute(
        "INSERT INTO headrace.event (id, type, schema_version, data, source, correlation_id, occurred_at, recorded_at,"
        " retention) VALUES (headrace.uuid7(), 'page.viewed', 1, '{\"page\": \"old\"}', 'test', headrace.uuid7(),"
        " $1, $1, 'operational')",
        day,
    )
    return name


async def test_everything_runs_as_a_role_that_owns_nothing(roles, acting, owning, tmp_path):
    done: list[str] = []
    folder = tmp_path / "archive"
    retention = keeping(folder, more={"audit": timedelta(days=3)})
    options = {"secret_keys": KeyRing([FIRST_KEY]), "event_retention": retention}
    async with opened_bench(roles.app_dsn, migrating=True, **options) as bench:
        app = bench.app
        declare(app, done)
        async with bench.working():
            handle = await app.enqueue("add", 1)
            await app.append(met(), stream=person())
            async with app.transaction() as tx:
                await tx.append(met(8), stream=person(8))
                await tx.enqueue("add", 2)
            assert await handle.result(timeout=timedelta(seconds=10)) == 2
            await eventually(lambda: sorted(set(done)) == ["as job", "job", "ordered"] and done.count("as job") == 2)

            async def is_folded() -> bool:
                return await bench.value("SELECT sum(count) FROM meetings") == 2

            await eventually(is_folded)
            # Partitions made as time goes on, and by a class of the app's own.
            await acting.execute("SELECT headrace.ensure_day((current_date + 40))")
            await acting.execute("SELECT headrace.ensure_event_partition(10000000, 3)")
        assert not [record for record in bench.records if "failed" in record.name]
        assert (await app.import_events([PastEvent(data=PageViewed("imported"))])).event_count == 1
        proof = await app.subjects.erase("7", by="ada")
        assert proof.event_counts == {"person.met": 1}

        # Retention: old events are exported and dropped by it, and brought back.
        name = await old_partition(owning)
        cleaned = await cleanup_old_events(app.pool, retention, clock=app.clock, telemetry=app.telemetry)
        assert (cleaned.partition_count, cleaned.event_count, cleaned.held, cleaned.postponed) == (1, 1, {}, [])
        assert (await restore_archive(app.pool, data_file(folder, name))).event_count == 1
        # And days of jobs.
        await owning.execute("SELECT headrace.ensure_day('2020-01-02')")
        await retain_all(app.pool, app.retention)
        assert await owning.fetchval("SELECT to_regclass('headrace.job_20200102')") is None

        async with app.pool.acquire() as connection, connection.transaction():
            await operate.rebuild(connection, next(iter(app.declarations)))
    owners = await owning.fetch(
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'headrace'::regnamespace"
    )
    assert [row[0] for row in owners] == [roles.owner], "partitions made by the role are the owner's"


async def test_what_is_in_the_log_cannot_be_changed_by_the_role_in_any_way(roles, acting, owning):
    await owning.execute("SELECT headrace.append('any', '{}', require_known => false)")
    await acting.execute("SELECT headrace.append('any', '{}', require_known => false)")
    await acting.execute("CREATE TABLE public.mine (LIKE headrace.event)")
    assert await acting.fetchval("SELECT count(*) FROM headrace.event") == 2
    leaf = await owning.fetchval("SELECT DISTINCT tableoid::regclass::text FROM headrace.event")
    for table in ("headrace.event", "headrace.event_domain", leaf):
        for change in (
            f"UPDATE {table} SET type = 'other'",
            f"UPDATE {table} SET data = '{{}}' WHERE false",
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
            f"SELECT FROM {table} FOR UPDATE",
            f"MERGE INTO {table} AS log USING public.mine ON false WHEN MATCHED THEN DELETE",
            f"DO $$ BEGIN LOCK TABLE {table} IN EXCLUSIVE MODE; END $$",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            f"DROP TABLE {table}",
            f"CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION headrace.tell_enqueued()",
        ):
            await is_denied(acting, change)
    # Events come by the table alone, and nobody chooses a position, which readers may have passed.
    await is_denied(acting, "INSERT INTO headrace.event_domain DEFAULT VALUES")
    columns = await acting.fetchval(
        "SELECT string_agg(attname, ', ') FROM pg_attribute WHERE attrelid = 'headrace.event'::regclass AND attnum > 0"
    )
    put = "INSERT INTO headrace.event ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM headrace.event WHERE false"
    await is_denied(acting, put.format(columns, columns))
    for statement in (
        "SET session_replication_role = replica",
        f"SET ROLE {roles.owner}",
        "SELECT nextval('headrace.event_position_seq')",
        "SELECT setval('headrace.event_position_seq', 1)",
        "CREATE TABLE headrace.mine (id int)",
        "ALTER FUNCTION headrace.refuse_event_change() COST 1",
        f"ALTER TABLE {leaf} OWNER TO {roles.app}",
        f"SELECT headrace.grant_app('{roles.app}')",
        "DELETE FROM headrace.migration",
        "SELECT headrace.fill_event_partition('event_1', '{}')",
    ):
        await is_denied(acting, statement)
    # What names no partition makes no table and drops none.
    await acting.execute("SELECT headrace.begin_event_restore('mine')")
    with pytest.raises(asyncpg.PostgresError):
        await acting.execute("SELECT headrace.drop_event_partition('job')")
    assert await owning.fetchval(
        "SELECT to_regclass('headrace.mine') IS NULL AND to_regclass('headrace.job') IS NOT NULL"
    )


async def is_denied(acting: asyncpg.Connection, statement: str) -> None:
    """It is PostgreSQL that refuses, before any trigger."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await acting.execute(statement)


async def test_without_retention_the_role_keeps_every_partition_and_says_who_lets_them_go(
    roles, acting, owning, tmp_path
):
    await grant_app(owning, roles.app, drops_events=False)
    name = await old_partition(owning)
    async with opened_bench(roles.app_dsn, event_retention=keeping(tmp_path)) as bench:
        app = bench.app
        cleaned = await cleanup_old_events(app.pool, app.event_retention, clock=app.clock, telemetry=app.telemetry)
        assert cleaned.held == {
            name: "the role of this process may drop nothing; run `headrace events retention` as the owner's"
        }
    for statement in (
        f"SELECT headrace.drop_event_partition('{name}')",
        "SELECT headrace.begin_event_restore('x')",
        "INSERT INTO headrace.event_archive SELECT * FROM headrace.event_archive",
    ):
        await is_denied(acting, statement)
    assert not await owning.fetchval("SELECT has_database_privilege($1, current_database(), 'CREATE')", roles.app), (
        "what an earlier grant gave and this one does not is taken back"
    )


async def test_a_migration_reaches_the_role_and_only_the_owner_can_run_it(roles, acting, owning, make_set):
    shop = make_set(m0001_orders="CREATE TABLE headrace.added (id int); CREATE TABLE public.orders (id int)")
    app = Headrace(roles.app_dsn, migrations=[shop], say=lambda _: None)
    with pytest.raises(SchemaError, match=r"may not migrate .*missing: 0001_orders"):
        await app.open()
    await migrate(owning, sets=[*app.migrations])
    async with app:
        await acting.execute("INSERT INTO headrace.added VALUES (1); INSERT INTO public.orders VALUES (1)")


async def test_builds_that_the_owner_made_become_the_roles(roles, owning):
    async with opened_bench(roles.owner_dsn) as bench:
        declare(bench.app, [])
        async with bench.app.stepper() as stepper:
            await stepper.deliver()
    with pytest.raises(ConfigurationError, match=f"meetings__1 .* GRANT {roles.app} TO {roles.owner}"):
        await grant_app(owning, roles.app, schemas=["public"])
    admin = await asyncpg.connect(roles.admin_dsn)
    await admin.execute(f"GRANT {roles.app} TO {roles.owner}")
    await admin.close()
    await grant_app(owning, roles.app, schemas=["public"])
    async with opened_bench(roles.app_dsn, secret_keys=KeyRing([FIRST_KEY])) as bench:
        app = bench.app
        declare(app, [])
        await app.append(met(), stream=person())
        async with app.stepper() as stepper:
            await stepper.deliver()
        assert await bench.value("SELECT count FROM meetings") == 1


async def test_a_grant_that_cannot_be_made_says_why(roles, owning):
    for role, schemas, message in (
        ("nobody_there", (), "there is no role nobody_there; CREATE ROLE nobody_there LOGIN first"),
        ("postgres", (), "role postgres is, or may become, the owner"),
        (roles.owner, (), "is, or may become, the owner"),
        (roles.app, ("headrace",), "is granted anyway"),
        (roles.app, ("nowhere",), "there is no schema nowhere"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            await grant_app(owning, role, schemas=schemas)
    assert await owning.fetchval("SELECT count(*) FROM headrace.app_role") == 0
    acting = await asyncpg.connect(roles.app_dsn)
    with pytest.raises(ConfigurationError, match=r"permission denied .* as the role that owns schema headrace"):
        await grant_app(acting, roles.app)
    await acting.close()
