"""A reader of the race in a process of its own, to be killed with -9: what it saw and how far it is, in one commit."""

import asyncio
import sys

from fence_race import Run

from headrace.db.pool import ConnectionPool
from headrace.events.read import read_batches
from headrace.events.schema import EventRegistry

_PAUSE = 0.01


async def follow(dsn: str) -> None:
    """Reads up to the head for ever, and says after each batch where it is."""
    registry = EventRegistry()
    registry.register(Run)
    pool = ConnectionPool(dsn, size=2, application_name="race reader")
    await pool.open()
    while True:
        async with pool.acquire() as session:
            cursor = await session.fetchval("SELECT position FROM race_cursor")
        async for page in read_batches(pool, registry, after=cursor, batch=50):
            async with pool.acquire() as session, session.transaction():
                await session.executemany(
                    "INSERT INTO race_seen (position, stream, version) VALUES ($1, $2, $3)",
                    [(one.position, str(one.stream), one.stream_version) for one in page],
                )
                await session.execute("UPDATE race_cursor SET position = $1", page[-1].position)
            sys.stdout.write(f"{page[-1].position}\n")
            sys.stdout.flush()
        await asyncio.sleep(_PAUSE)


if __name__ == "__main__":
    asyncio.run(follow(sys.argv[1]))
