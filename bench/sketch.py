"""The baseline worker: the sketch's way, one job per poll, by the same driver.

It loses nothing to a rest while there is work; where there is none it polls at the interval given.
"""

import asyncio
import sys
import time

import asyncpg
import msgspec

from headrace.db.statements import statement


async def work(dsn: str, *, poll_seconds: float) -> None:
    """Runs the jobs of the sketch's table until standard input closes."""
    session = await asyncpg.connect(dsn)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), lambda: _read(stopping))
    sys.stderr.write("worker is running\n")
    sys.stderr.flush()
    while not stopping.is_set():
        if not await run_one(session):
            await asyncio.sleep(poll_seconds)
    await session.close()


async def run_one(session: asyncpg.Connection) -> bool:
    """Takes the next job and completes it; False where none is pending."""
    async with session.transaction():
        row = await session.fetchrow(statement("bench", "sketch_pick"))
        if row is None:
            return False
        await session.execute(statement("bench", "sketch_start"), row["id"])
    result = await _handle(row["type"], msgspec.json.decode(row["data"]))
    await session.execute(statement("bench", "sketch_complete"), row["id"], msgspec.json.encode(result).decode())
    return True


async def _handle(kind: str, _args: object) -> int | None:
    return time.monotonic_ns() if kind == "stamp-errand" else None


def _read(stopping: asyncio.Event) -> None:
    if not sys.stdin.buffer.read1(4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stopping.set()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], poll_seconds=float(sys.argv[2])))
