"""What is each driver's own: transactions that begin by themselves, savepoints, sessions of others, wrong doors."""

import json
from typing import Any

import asyncpg
import psycopg
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from fix_apps import eventually
from fix_callers import sqlalchemy_address
from fix_django import django_connection
from headrace import ConfigurationError, Headrace, TransactionClosedError, Unique
from headrace.db.listener import JOBS_CHANNEL
from headrace.jobs.job import Enqueued


@pytest.fixture(autouse=True)
def _kinds(app: Headrace) -> None:
    app.declare("mail")


@pytest.fixture
def engine(database):
    engine = sqlalchemy.create_engine(sqlalchemy_address(database, "psycopg"))
    yield engine
    engine.dispose()


@pytest.fixture
async def async_engine(database):
    engine = create_async_engine(sqlalchemy_address(database, "asyncpg"))
    yield engine
    await engine.dispose()


@pytest.fixture
async def heard(connection: asyncpg.Connection) -> list[str]:
    """The channels told on, as they come."""
    told: list[str] = []
    await connection.add_listener(JOBS_CHANNEL, lambda *told_: told.append(told_[2]))
    return told


async def args(connection: asyncpg.Connection) -> list[str]:
    return [row[0] for row in await connection.fetch("SELECT args FROM headrace.job ORDER BY id")]


# asyncpg


async def test_asyncpg_with_codecs_of_its_owners(app, database, bench):
    """Many connections have these: JSON as Python's, ids as text."""
    theirs = await asyncpg.connect(database)
    for name in ("json", "jsonb"):
        await theirs.set_type_codec(name, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    await theirs.set_type_codec("uuid", encoder=str, decoder=str, schema="pg_catalog")
    first = await app.enqueue("mail", 1)
    async with theirs.transaction():
        plain = await app.enqueue("mail", {"a": 1}, metadata={"b": 2}, depends_on=[first], connection=theirs)
        unique = await app.enqueue("mail", 3, unique=Unique("key"), depends_on=[first], connection=theirs)
        again = await app.enqueue("mail", 3, unique=Unique("key", on_conflict="replace"), connection=theirs)
    await theirs.close()
    assert (unique.is_new, again) == (True, Enqueued(unique.id, is_new=False))
    shown = [await bench.show(job) for job in (plain, unique)]
    assert [(one.args, one.metadata, one.state) for one in shown] == [
        ({"a": 1}, {"b": 2}, "scheduled"),
        (3, None, "scheduled"),
    ]


# psycopg


async def test_psycopg_without_autocommit_begins_a_transaction_with_the_job(app, database, connection):
    with psycopg.connect(database) as theirs:
        app.sync.enqueue("mail", 1, connection=theirs)
        assert await args(connection) == []
        theirs.commit()
        app.sync.enqueue("mail", 2, connection=theirs)
        theirs.rollback()
    assert await args(connection) == ["1"]


async def test_psycopg_asynchronous_without_autocommit_does_so_too(app, database, connection, heard):
    async with await psycopg.AsyncConnection.connect(database) as theirs:
        await app.enqueue("mail", 1, connection=theirs)
        assert await args(connection) == []
        await theirs.commit()
        await eventually(lambda: heard == [JOBS_CHANNEL])
    assert await args(connection) == ["1"]


async def test_psycopg_in_a_pipeline_and_with_a_row_factory(app, database, connection):
    with psycopg.connect(database, row_factory=psycopg.rows.dict_row) as theirs, theirs.pipeline():
        app.sync.enqueue("mail", 1, connection=theirs)
        theirs.execute("SELECT 1")
    assert await args(connection) == ["1"]


async def test_a_savepoint_of_psycopg_takes_its_jobs_with_it(app, database, connection):
    with psycopg.connect(database) as theirs:
        app.sync.enqueue("mail", 1, connection=theirs)
        with pytest.raises(LookupError), theirs.transaction():
            app.sync.enqueue("mail", 2, connection=theirs)
            raise LookupError
        theirs.commit()
    assert await args(connection) == ["1"]


async def test_psycopg_can_be_told_to_wake_workers_after_its_commit(app, database, connection, heard):
    with psycopg.connect(database) as theirs:
        app.sync.enqueue("mail", 1, connection=theirs)
        theirs.commit()
        app.sync.wake(theirs)
        await eventually(lambda: heard == [JOBS_CHANNEL])
        assert theirs.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


# SQLAlchemy


async def test_a_savepoint_of_a_session_takes_its_jobs_with_it_and_tells_nobody(app, engine, connection, heard):
    with Session(engine) as session, session.begin():
        with session.begin_nested():
            app.sync.enqueue("mail", 1, connection=session)
        with pytest.raises(LookupError), session.begin_nested():
            app.sync.enqueue("mail", 2, connection=session)
            raise LookupError
        await connection.execute("SELECT 1")
        assert heard == []
    await eventually(lambda: heard == [JOBS_CHANNEL])
    assert await args(connection) == ["1"]


async def test_a_session_inside_anothers_transaction_leaves_it_open(app, engine, connection, heard):
    with engine.connect() as outer:
        transaction = outer.begin()
        with Session(outer, join_transaction_mode="create_savepoint") as session:
            session.execute(sqlalchemy.text("SELECT 1"))
            app.sync.enqueue("mail", 1, connection=session)
            session.commit()
        with Session(outer, join_transaction_mode="rollback_only") as session:
            session.execute(sqlalchemy.text("SELECT 1"))
            app.sync.enqueue("mail", 2, connection=session)
            session.commit()
        assert outer.in_transaction()
        assert await args(connection) == []
        transaction.rollback()
    await connection.execute("SELECT 1")
    assert (await args(connection), heard) == ([], [])


async def test_scoped_sessions_are_taken_for_their_session(app, engine, async_engine, connection):
    scoped = scoped_session(sessionmaker(engine))
    with scoped.begin():
        app.sync.enqueue("mail", 1, connection=scoped)
    scoped.remove()
    later = async_scoped_session(async_sessionmaker(async_engine), scopefunc=lambda: 1)
    async with later.begin():
        await app.enqueue("mail", 2, connection=later)
    await later.remove()
    assert await args(connection) == ["1", "2"]


async def test_sqlalchemy_with_autocommit_is_refused(app, engine, async_engine, connection):
    hasty = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with hasty as theirs, theirs.begin(), pytest.raises(TransactionClosedError, match="AUTOCOMMIT"):
        app.sync.enqueue("mail", 1, connection=theirs)
    async with AsyncSession(async_engine.execution_options(isolation_level="AUTOCOMMIT")) as session, session.begin():
        with pytest.raises(TransactionClosedError, match="AUTOCOMMIT"):
            await app.enqueue("mail", 2, connection=session)
    assert await args(connection) == []


async def test_a_wake_up_that_fails_does_not_undo_the_commit(app, bench, engine, connection, monkeypatch):
    from headrace.adapters.sqlalchemy import BlockingBorrowed

    def fail(*_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(BlockingBorrowed, "tell", fail)
    with Session(engine) as session, session.begin():
        app.sync.enqueue("mail", 1, connection=session)
    assert await args(connection) == ["1"]
    assert [record.fields["reason"] for record in bench.records.named("notifier.unsent")] == ["ConnectionResetError()"]


@pytest.mark.parametrize("name", ["psycopg", "asyncpg"])
async def test_an_asynchronous_sqlalchemy_engine_of_another_pool_size_is_not_waited_for(app, database, name):
    engine = create_async_engine(sqlalchemy_address(database, name), pool_size=1, max_overflow=0, pool_timeout=0.1)
    for _ in range(3):
        async with AsyncSession(engine) as session, session.begin():
            await app.enqueue("mail", 1, connection=session)
    await engine.dispose()


# Django


async def test_an_atomic_block_within_another_takes_its_jobs_with_it(app, database, connection, heard):
    with django_connection(database) as theirs:
        from django.db import transaction

        with transaction.atomic(using=theirs.alias):
            with pytest.raises(LookupError), transaction.atomic(using=theirs.alias):
                app.sync.enqueue("mail", 1, connection=theirs)
                raise LookupError
            assert theirs.run_on_commit == []
            with transaction.atomic(using=theirs.alias):
                app.sync.enqueue("mail", 2, connection=theirs)
            app.sync.enqueue("mail", 3, connection=theirs)
            assert len(theirs.run_on_commit) == 1
            await connection.execute("SELECT 1")
            assert heard == []
    await eventually(lambda: heard == [JOBS_CHANNEL])
    assert await args(connection) == ["2", "3"]


async def test_django_without_autocommit_commits_when_told(app, database, connection):
    with django_connection(database) as theirs:
        theirs.set_autocommit(False)
        app.sync.enqueue("mail", 1, connection=theirs)
        assert await args(connection) == []
        theirs.commit()
    assert await args(connection) == ["1"]


async def test_a_block_that_django_will_roll_back_is_refused(app, database, connection):
    with django_connection(database) as theirs:
        from django.db import transaction

        with transaction.atomic(using=theirs.alias):
            with pytest.raises(LookupError), transaction.atomic(using=theirs.alias, savepoint=False):
                raise LookupError
            with pytest.raises(TransactionClosedError, match="rolled back"):
                app.sync.enqueue("mail", 1, connection=theirs)
            transaction.set_rollback(True, using=theirs.alias)


# Wrong doors


async def test_a_connection_that_blocks_is_sent_to_the_other_door(app, database, engine):
    with psycopg.connect(database) as theirs, Session(engine) as session, session.begin():
        for one in (theirs, session):
            with pytest.raises(ConfigurationError, match=r"app\.sync\.enqueue"):
                await app.enqueue("mail", connection=one)
    with django_connection(database) as theirs:
        from django.db import transaction

        with transaction.atomic(using=theirs.alias), pytest.raises(ConfigurationError, match=r"app\.sync\.enqueue"):
            await app.enqueue("mail", connection=theirs)


async def test_an_asynchronous_connection_is_sent_to_the_other_door(app, async_engine, connection):
    async with connection.transaction(), AsyncSession(async_engine) as session, session.begin():
        for one in (connection, session):
            with pytest.raises(ConfigurationError, match=r"await app\.enqueue"):
                app.sync.enqueue("mail", connection=one)


def test_another_database_is_refused_by_its_name():
    app = Headrace()
    app.declare("mail")
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.begin() as theirs, pytest.raises(ConfigurationError, match=r"is sqlite\+pysqlite"):
        app.sync.enqueue("mail", connection=theirs)
    engine.dispose()


async def test_other_things_of_sqlalchemy_are_refused(app, engine):
    thing: Any = engine
    with pytest.raises(TransactionClosedError, match="got Engine"):
        app.sync.enqueue("mail", connection=thing)
