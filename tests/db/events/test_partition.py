import asyncio

import asyncpg
import pytest

from fix_events import NoteTaken, new
from headrace.errors import ConfigurationError
from headrace.events.partition import PartitionKeeper
from headrace.events.store import append
from headrace.telemetry import Telemetry


async def partitions(connection) -> list[str]:
    rows = await connection.fetch(
        "SELECT relid::regclass::text FROM pg_partition_tree('headrace.event_domain') WHERE level = 1 ORDER BY 1"
    )
    return [row[0].removeprefix("headrace.") for row in rows]


async def shrink(connection) -> None:
    """Leaves the log with its default partition alone, as if it had overrun all others."""
    for name in await partitions(connection):
        if name != "event_default":
            await connection.execute(f"DROP TABLE headrace.{name}")


async def fill(connection, count: int) -> None:
    async with connection.transaction():
        await append(connection, [new(NoteTaken(str(number))) for number in range(count)])


async def test_the_migration_makes_partitions_ahead_of_the_first_event(connection):
    assert await partitions(connection) == ["event_1", "event_10000001", "event_default"]


async def test_partitions_are_made_ahead_and_a_second_keeper_finds_nothing_to_do(pool, connection):
    await shrink(connection)
    told = []
    keeper = PartitionKeeper(pool, telemetry=Telemetry(told.append), size=10, ahead=2)
    await keeper.run_once()
    await PartitionKeeper(pool, telemetry=Telemetry(told.append), size=10, ahead=2).run_once()
    assert await partitions(connection) == ["event_1", "event_11", "event_21", "event_default"]
    assert [record.fields["made_count"] for record in told] == [3]


async def test_events_that_overran_the_partitions_are_moved_to_their_own(pool, connection):
    await shrink(connection)
    await fill(connection, 25)
    await PartitionKeeper(pool, telemetry=Telemetry(), size=10, ahead=1).run_once()

    rows = await connection.fetch("SELECT tableoid::regclass::text, position FROM headrace.event ORDER BY position")
    assert [row["position"] for row in rows] == list(range(1, 26))
    assert [row[0] for row in rows] == ["headrace.event_default"] * 20 + ["headrace.event_21"] * 5


async def test_events_go_to_the_partition_of_their_position(pool, connection):
    await shrink(connection)
    await PartitionKeeper(pool, telemetry=Telemetry(), size=10, ahead=1).run_once()
    await fill(connection, 15)
    counts = "SELECT tableoid::regclass::text, count(*) FROM headrace.event GROUP BY 1 ORDER BY 1"
    assert [tuple(row) for row in await connection.fetch(counts)] == [
        ("headrace.event_1", 10),
        ("headrace.event_11", 5),
    ]


async def test_sizes_that_make_no_sense_are_refused(pool):
    with pytest.raises(ConfigurationError, match="got 0 and 1"):
        PartitionKeeper(pool, telemetry=Telemetry(), size=0)


async def test_no_writer_fails_where_partitions_are_made_late(pool, connection, database):
    """Those on their way to the default partition get there; those after them find the new one."""
    await shrink(connection)
    keeper = PartitionKeeper(pool, telemetry=Telemetry(), size=40, ahead=0)
    over = asyncio.Event()
    counts: list[int] = []

    async def write() -> None:
        session = await asyncpg.connect(database)
        try:
            while not over.is_set():
                async with session.transaction():
                    await append(session, [new(NoteTaken("late"))])
                counts.append(1)
        finally:
            await session.close()

    writers = [asyncio.create_task(write()) for _ in range(6)]
    for _ in range(30):
        await keeper.run_once()
    over.set()
    await asyncio.gather(*writers)
    assert len(await partitions(connection)) > 3
    assert await connection.fetchval("SELECT count(*) FROM headrace.event") == len(counts)
