from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
import pytest

from headrace import (
    ConfigurationError,
    InvalidArgsError,
    TransactionClosedError,
    Unique,
    UnknownKindError,
)


class Letter(msgspec.Struct, frozen=True):
    to: int
    text: str = ""


@dataclass(frozen=True)
class Parcel:
    weight: float


@pytest.fixture(autouse=True)
def _kinds(app):
    app.declare("letter", args_type=Letter)
    app.declare("parcel", args_type=Parcel)
    app.declare("anything")


@pytest.fixture
async def caller(database):
    session = await asyncpg.connect(database)
    yield session
    session.terminate()


async def stored_count(app) -> int:
    async with app.pool.acquire() as connection:
        return await connection.fetchval("SELECT count(*) FROM headrace.job")


# Where it may not be written


async def test_a_closed_connection_is_refused(app, caller):
    await caller.close()
    with pytest.raises(TransactionClosedError, match="connection is closed"):
        await app.enqueue("letter", Letter(1), connection=caller)


async def test_a_connection_outside_a_transaction_is_refused(app, caller):
    with pytest.raises(TransactionClosedError, match="in no transaction"):
        await app.enqueue("letter", Letter(1), connection=caller)
    assert await stored_count(app) == 0


async def test_a_connection_given_back_to_its_pool_is_refused(app, database):
    async with asyncpg.create_pool(database, min_size=1, max_size=1) as pool:
        async with pool.acquire() as lent:
            pass
        with pytest.raises(TransactionClosedError, match="given back to its pool"):
            await app.enqueue("letter", Letter(1), connection=lent)


@pytest.mark.parametrize("unique", [None, Unique("one")])
async def test_an_aborted_transaction_of_the_caller_is_refused(app, caller, unique):
    transaction = caller.transaction()
    await transaction.start()
    with pytest.raises(asyncpg.DivisionByZeroError):
        await caller.execute("SELECT 1 / 0")
    with pytest.raises(TransactionClosedError, match="earlier statement of the transaction failed"):
        await app.enqueue("letter", Letter(1), connection=caller, unique=unique)
    await transaction.rollback()


@pytest.mark.parametrize("unique", [None, Unique("one")])
async def test_an_aborted_transaction_of_the_engine_is_refused(app, unique):
    with pytest.raises(TransactionClosedError, match="earlier statement of the transaction failed"):
        async with app.transaction() as tx:
            with pytest.raises(asyncpg.DivisionByZeroError):
                await tx.execute("SELECT 1 / 0")
            await tx.enqueue("letter", Letter(1), unique=unique)
    assert await stored_count(app) == 0


async def test_a_transaction_that_failed_unnoticed_is_not_reported_as_committed(app):
    with pytest.raises(TransactionClosedError, match="rolled back"):
        async with app.transaction() as tx:
            await tx.enqueue("letter", Letter(1), unique=Unique("one"))
            with pytest.raises(asyncpg.DivisionByZeroError):
                await tx.connection.execute("SELECT 1 / 0")
    assert await stored_count(app) == 0


async def test_an_ended_unit_of_work_is_refused(app):
    async with app.transaction() as tx:
        pass
    with pytest.raises(TransactionClosedError, match="has ended"):
        await tx.enqueue("letter", Letter(1))
    with pytest.raises(TransactionClosedError, match="has ended"):
        await tx.execute("SELECT 1")


async def test_another_librarys_connection_is_refused_by_its_name(app):
    with pytest.raises(TransactionClosedError, match=r"must be one of asyncpg, .* got builtins\.object"):
        await app.enqueue("letter", Letter(1), connection=object())


async def test_a_closed_app_is_refused(app):
    await app.close()
    with pytest.raises(ConfigurationError, match="is closed"):
        await app.enqueue("letter", Letter(1))


# What may not be written


async def test_an_unknown_kind_is_refused_with_the_known_ones(app):
    with pytest.raises(
        UnknownKindError, match=r"'lettre' is not registered \(known: anything, cleanup-old-events, letter, parcel"
    ):
        await app.enqueue("lettre", Letter(1))


@pytest.mark.parametrize(
    ("kind", "args", "field"),
    [
        ("letter", {"to": "me"}, r"\$\.to"),
        ("letter", {"text": "no address"}, "`to`"),
        ("letter", {"to": 1, "text": 2}, r"\$\.text"),
        ("letter", None, "null"),
        ("parcel", {"weight": "heavy"}, r"\$\.weight"),
    ],
)
async def test_args_of_a_wrong_type_are_refused_by_the_field(app, kind, args, field):
    with pytest.raises(InvalidArgsError, match=field):
        await app.enqueue(kind, args)


async def test_args_that_are_no_json_are_refused(app):
    with pytest.raises(InvalidArgsError, match="object"):
        await app.enqueue("anything", object())


async def test_args_nested_too_deep_are_refused(app):
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(InvalidArgsError):
        await app.enqueue("anything", nested)


async def test_args_over_the_size_limit_are_refused_with_both_sizes(app):
    with pytest.raises(InvalidArgsError, match="1048584 bytes of JSON are more than the limit of 1048576"):
        await app.enqueue("letter", {"to": 1, "text": "x" * (1024 * 1024 - 10)})


async def test_args_at_the_size_limit_are_stored(app):
    await app.enqueue("anything", "x" * (1024 * 1024 - 2))
    assert await stored_count(app) == 1


async def test_a_nul_is_refused(app):
    with pytest.raises(InvalidArgsError, match=r"U\+0000"):
        await app.enqueue("letter", Letter(1, "a\x00b"))


async def test_a_nul_after_a_backslash_is_refused_too(app):
    with pytest.raises(InvalidArgsError, match=r"U\+0000"):
        await app.enqueue("letter", Letter(1, "\\\x00"))


async def test_text_that_only_looks_like_an_escaped_nul_is_stored(app, bench):
    job = await app.enqueue("letter", Letter(1, "\\u0000 and \\\\u0000"))
    assert (await bench.show(job)).args["text"] == "\\u0000 and \\\\u0000"


async def test_a_lone_surrogate_is_refused(app):
    with pytest.raises(InvalidArgsError, match="surrogate"):
        await app.enqueue("letter", Letter(1, "\ud800"))


async def test_every_other_character_is_stored_as_it_is(app, bench):
    text = "".join(map(chr, range(1, 0x300))) + "\U0001f600\uffff"
    job = await app.enqueue("letter", Letter(1, text))
    assert (await bench.show(job)).args["text"] == text


@pytest.mark.parametrize("value", ["a\x00", "\ud800", object()])
async def test_metadata_that_cannot_be_stored_is_refused(app, value):
    with pytest.raises(ConfigurationError, match="metadata"):
        await app.enqueue("anything", metadata={"key": value})


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"run_at": datetime(2030, 1, 1)}, "run_at must be aware"),  # noqa: DTZ001 - the point
        ({"run_at": datetime(2030, 1, 1, tzinfo=UTC), "delay": timedelta(1)}, "not both"),
        ({"delay": timedelta(seconds=-1)}, "must not be negative"),
        ({"delay": timedelta.max}, "delay"),
        ({"max_attempts": 0}, "1 to 32767"),
        ({"max_attempts": 32_768}, "1 to 32767"),
        ({"queue": ""}, "queue"),
        ({"queue": "a b"}, "queue"),
        ({"queue": "q" * 101}, "queue"),
        ({"priority": "urgent"}, "critical, high, normal, low"),
        ({"priority": 7}, "critical, high, normal, low, got 7"),
        ({"delay": 5}, r"delay must be a timedelta, got 5; use timedelta\(seconds="),
        ({"run_at": "2030-01-01"}, "run_at must be a datetime, got '2030-01-01'"),
        ({"run_at": datetime(1, 1, 1, tzinfo=UTC)}, "years 2 to 9999"),
        ({"max_attempts": "3"}, "1 to 32767, got '3'"),
        ({"queue": 5}, "queue's name .* got 5"),
        ({"metadata": "urgent"}, "metadata must be a mapping, got 'urgent'"),
        ({"metadata": [1]}, r"metadata must be a mapping, got \[1\]"),
        ({"parent": "job-7"}, "parent must be a job, .* got 'job-7'"),
        ({"depends_on": "job-7"}, r"depends_on must be a list .* got 'job-7'; write \[job\]"),
        ({"depends_on": ["job-7"]}, "depends_on must be a job, .* got 'job-7'"),
        ({"depends_on": 7}, "depends_on must be a list"),
        ({"unique": "k"}, r"unique must be a Unique, got 'k'; write Unique\(key\)"),
        ({"unique": Unique("k", scope="running")}, "waiting or alive, got 'running'"),
        ({"unique": Unique(by="user")}, r"by must be a tuple of names, got 'user'; write by=\('user',\)"),
        ({"unique": Unique(7)}, "unique key .* got 7"),
        (
            {"unique": Unique("k", on_conflict="replace"), "depends_on": [UUID(int=7)]},
            "both depends_on and on_conflict='replace'",
        ),
        ({"unique": Unique("k", window=5)}, "window of a unique key must be a timedelta, got 5"),
        ({"unique": Unique("")}, "unique key"),
        ({"unique": Unique("k" * 1001)}, "unique key"),
        ({"unique": Unique("a\x00")}, "unique key"),
        ({"unique": Unique("\ud800")}, "unique key"),
        ({"unique": Unique("k", on_conflict="debounce", max_wait=timedelta(seconds=-1))}, "max_wait"),
    ],
)
async def test_options_out_of_range_are_refused(app, options, reason):
    with pytest.raises(ConfigurationError, match=reason):
        await app.enqueue("anything", **options)
    assert await stored_count(app) == 0
