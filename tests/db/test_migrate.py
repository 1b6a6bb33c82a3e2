import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from fix_database import at_database
from headrace import Headrace, MigrationSet, SchemaError, migrate, migration_status
from headrace.db import migrate as migrations
from headrace.db.migrate import ENGINE, require_current


@pytest.fixture
async def empty(server_dsn: str, run, worker_id: str) -> AsyncIterator[str]:
    """The address of a database nobody migrated."""
    name = f"headrace_{run.id}_{worker_id}_empty"
    admin = await asyncpg.connect(server_dsn)
    await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.execute(f'CREATE DATABASE "{name}"')
    try:
        yield at_database(server_dsn, name)
    finally:
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


@pytest.fixture
async def bare(empty: str) -> AsyncIterator[asyncpg.Connection]:
    session = await asyncpg.connect(empty)
    yield session
    await session.close()


async def test_an_empty_database_is_brought_up_to_date_and_then_left_alone(bare):
    available = [f"headrace {one.number:04}_{one.name}" for one in ENGINE.load()]
    assert await migrate(bare) == available
    assert await migrate(bare) == []
    await require_current(bare)


async def test_status_changes_nothing(bare):
    (status,) = await migration_status(bare)
    assert (status.applied, status.is_current, len(status.pending)) == (0, False, status.available)
    assert await bare.fetchval("SELECT to_regnamespace('headrace')") is None
    with pytest.raises(SchemaError, match="run `headrace db migrate`"):
        await require_current(bare)


async def test_many_processes_at_once_apply_every_step_once(empty):
    async def one() -> list[str]:
        session = await asyncpg.connect(empty)
        try:
            return await migrate(session)
        finally:
            await session.close()

    applied = await asyncio.gather(*(one() for _ in range(6)))
    assert sorted(len(names) for names in applied) == [0] * 5 + [len(ENGINE.load())]


async def test_two_programs_started_at_once_both_get_a_database_they_can_use(empty):
    script = (
        "import asyncio, sys\n"
        "from headrace import Headrace\n"
        "async def main():\n"
        "    async with Headrace(sys.argv[1], say=print) as app:\n"
        "        app.declare('any')\n"
        "        await app.enqueue('any')\n"
        "asyncio.run(main())\n"
    )
    programs = [
        await asyncio.create_subprocess_exec(sys.executable, "-W", "error", "-c", script, empty) for _ in range(2)
    ]
    assert [await program.wait() for program in programs] == [0, 0]


async def test_a_database_newer_than_the_program_is_refused(bare):
    await migrate(bare)
    newer = len(ENGINE.load()) + 1
    await bare.execute(
        "INSERT INTO headrace.migration (set_name, number, name) VALUES ('headrace', $1, 'later')", newer
    )
    for call in (migrate, migration_status, require_current):
        with pytest.raises(SchemaError, match=f"newer than this program: step {newer}.*upgrade headrace"):
            await call(bare)


async def test_an_app_refuses_a_newer_database(empty, bare):
    await migrate(bare)
    await bare.execute("INSERT INTO headrace.migration (set_name, number, name) VALUES ('headrace', 999, 'later')")
    with pytest.raises(SchemaError, match="newer than this program"):
        async with Headrace(empty, say=lambda _: None):
            pass


async def test_an_app_that_only_checks_refuses_an_older_database(empty):
    app = Headrace(empty, say=lambda _: None)
    with pytest.raises(SchemaError, match="run `headrace db migrate`"):
        await app.open(migrating=False)


async def test_an_applications_own_steps_follow_the_engines(bare, make_set):
    shop = make_set(m0001_orders="CREATE TABLE public.orders (id int)", m0002_more="CREATE TABLE public.more (id int)")
    applied = await migrate(bare, sets=[ENGINE, shop])
    assert applied[-2:] == ["shop 0001_orders", "shop 0002_more"]
    assert [one.is_current for one in await migration_status(bare, sets=[ENGINE, shop])] == [True, True]


async def test_only_what_is_missing_is_applied(bare, make_set):
    await migrate(bare, sets=[ENGINE, make_set(m0001_orders="CREATE TABLE public.orders (id int)")])
    shop = make_set(m0002_more="CREATE TABLE public.more (id int)")
    assert await migrate(bare, sets=[ENGINE, shop]) == ["shop 0002_more"]


async def test_a_step_that_fails_leaves_nothing_behind(bare, make_set):
    shop = make_set(m0001_orders="CREATE TABLE public.orders (id int)", m0002_broken="SELECT 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(bare, sets=[ENGINE, shop])
    assert await bare.fetchval("SELECT to_regclass('public.orders')") is None
    assert await bare.fetchval("SELECT to_regnamespace('headrace')") is None


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["m0001_a", "m0003_c"], "0003_c of 'shop' stands where 0002 should"),
        (["m0002_b"], "0002_b of 'shop' stands where 0001 should"),
        (["m0001_a", "m0001_b"], "0001_b of 'shop' stands where 0002 should"),
        (["m0000_a"], "0000_a of 'shop' stands where 0001 should"),
    ],
)
async def test_numbers_have_no_gap_and_no_twin(make_set, names, message):
    with pytest.raises(SchemaError, match=message):
        make_set(**dict.fromkeys(names, "SELECT 1")).load()


@pytest.fixture
def earlier(tmp_path: Path, monkeypatch) -> Callable[[int], MigrationSet]:
    """The engine's own migrations up to a number, as an earlier version had them."""

    def make(number: int) -> MigrationSet:
        folder = tmp_path / "earlier_engine"
        (folder / "migrations").mkdir(parents=True)
        (folder / "__init__.py").touch()
        for file in (Path(migrations.__file__).parent / "migrations").glob("*.sql"):
            if int(file.name[:4]) <= number:
                (folder / "migrations" / file.name).write_text(file.read_text())
        monkeypatch.syspath_prepend(str(tmp_path))
        return MigrationSet(ENGINE.name, "earlier_engine")

    return make


async def test_a_log_from_before_classes_becomes_the_class_domain_and_goes_on(bare, earlier):
    number = next(one.number for one in ENGINE.load() if one.name == "event_classes")
    await migrate(bare, sets=[earlier(number - 1)])
    await bare.execute(
        "SELECT headrace.append('any', '{}', 'contact', n::text, require_known => false)"
        " FROM generate_series(1, 5) AS n"
    )
    await bare.execute("DELETE FROM headrace.event WHERE position = 5")
    before = await bare.fetch("SELECT position, id, stream_version, recorded_at FROM headrace.event ORDER BY position")
    await migrate(bare)
    assert (
        await bare.fetch("SELECT position, id, stream_version, recorded_at FROM headrace.event ORDER BY position")
        == before
    )
    assert {row[0] for row in await bare.fetch("SELECT retention FROM headrace.event")} == {"domain"}
    next_position = await bare.fetchval("SELECT headrace.append('any', '{}', 'contact', '1', require_known => false)")
    assert next_position == 6
    assert await bare.fetchval("SELECT max(stream_version) FROM headrace.event") == 2


async def test_files_that_are_no_steps_are_passed_over(make_set):
    shop = make_set(m0001_a="SELECT 1", mnotes="SELECT 1 / 0")
    assert [one.name for one in shop.load()] == ["a"]


async def test_day_partitions_take_over_what_the_default_holds(connection):
    """Rows of a day without a partition wait in the default one and move as their day is made."""
    await connection.execute(
        "INSERT INTO headrace.job (id, kind, queue, priority, args, max_attempts, correlation_id) "
        "SELECT headrace.uuid7_floor('2040-02-03 04:05Z'), 'any', 'q', 1, '1', 1, gen_random_uuid()"
    )
    where = "SELECT tableoid::regclass::text FROM headrace.job"
    assert await connection.fetchval(where) == "headrace.job_default"
    assert await connection.fetchval("SELECT headrace.ensure_day('2040-02-03')")
    assert not await connection.fetchval("SELECT headrace.ensure_day('2040-02-03')")
    assert await connection.fetchval(where) == "headrace.job_20400203"


async def test_days_are_made_by_two_processes_at_once(database):
    async def make() -> int:
        session = await asyncpg.connect(database)
        try:
            return await session.fetchval("SELECT headrace.ensure_day('2041-01-01')")
        finally:
            await session.close()

    assert sorted(await asyncio.gather(*(make() for _ in range(4)))) == [False, False, False, True]
