"""Nobody changes or deletes what is in the log, and what the engine itself does with partitions goes on."""

import asyncpg
import pytest

from fix_archive import moved_back

_APPEND = (
    "SELECT headrace.append('any', '{}', 'thing', n::text, require_known => false) FROM generate_series(1, $1) AS n"
)
_CHANGES = ("DELETE FROM headrace.{} WHERE position = $1", "UPDATE headrace.{} SET data = '[]' WHERE position = $1")


async def is_refused(connection: asyncpg.Connection, table: str, position: int) -> None:
    for change, word in zip(_CHANGES, ("deleted", "changed"), strict=True):
        with pytest.raises(
            asyncpg.PostgresError, match=rf"event {position} \((job\.)?any\) cannot be {word}"
        ) as caught:
            await connection.execute(change.format(table), position)
        assert caught.value.sqlstate == "RE013"
        assert "Append an event that corrects it" in caught.value.hint


async def test_events_stay_as_they_are_wherever_they_are_stored(version_connection):
    connection = version_connection
    for name in ("event_1", "event_10000001"):
        await connection.execute(f"DROP TABLE headrace.{name}")
    await connection.execute("SELECT headrace.ensure_event_partition(3, 0)")
    await connection.execute(_APPEND, 5)
    for table, position in (("event", 1), ("event_domain", 2), ("event_1", 3), ("event_default", 4), ("event", 5)):
        await is_refused(connection, table, position)

    async with connection.transaction():
        assert await connection.fetchval("SELECT headrace.ensure_event_partition(3, 0)") == 1  # takes 4 and 5 over
        for table in ("event_4", "event"):
            with pytest.raises(asyncpg.PostgresError, match="event 4"):
                async with connection.transaction():
                    await connection.execute(f"DELETE FROM headrace.{table} WHERE position >= 4")
    await is_refused(connection, "event_4", 4)
    assert await connection.fetchval("SELECT array_agg(position ORDER BY position) FROM headrace.event") == [
        1,
        2,
        3,
        4,
        5,
    ]

    await connection.execute("TRUNCATE headrace.event")
    assert not await connection.fetchval("SELECT EXISTS (SELECT FROM headrace.event)")


async def test_events_that_go_by_time_are_moved_to_their_day_and_guarded_there(version_connection):
    connection = version_connection
    for (name,) in await connection.fetch("SELECT name FROM headrace.event_partitions() WHERE class = 'lifecycle'"):
        await connection.execute(f"DROP TABLE headrace.{name}")
    await connection.execute(_APPEND.replace("any", "job.any"), 2)
    await is_refused(connection, "event_lifecycle_default", 1)

    assert await connection.fetchval("SELECT headrace.ensure_event_spans(0, clock_timestamp())")
    today = await connection.fetchval("SELECT DISTINCT tableoid::regclass::text FROM headrace.event")
    assert today.startswith("headrace.event_lifecycle_2"), "the strays were moved"
    await is_refused(connection, today.removeprefix("headrace."), 2)

    earlier = await moved_back(connection, 9, "lifecycle")  # a table of its own that is attached, as one restored is
    await is_refused(connection, earlier, 1)
