"""The baseline of handlers: reads `position > cursor` from a bare table, and polls where there is nothing new.

It loses what commits after a higher position was read.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime

import asyncpg
import msgspec

from bench.app import Happened
from bench.stamps import STAMPS, Stamps
from headrace import uuid7
from headrace.db.statements import statement


def poller_command(dsn: str, *, poll_seconds: float) -> list[str]:
    """A process that follows the plain table; it reads on without a rest while there is something."""
    return ["bench.poller", dsn, str(poll_seconds)]


async def store_plain(session: asyncpg.Connection, number: int) -> None:
    """Appends one event to the plain table, committed by itself."""
    chosen = uuid7()
    data = msgspec.json.encode(Happened(number)).decode()
    moment = datetime.now(UTC)
    await session.execute(
        statement("bench", "plain_append"),
        *(chosen, "bench.happened", 1, None, None, None, data, "bench", chosen, moment),
    )


async def follow(dsn: str, *, poll_seconds: float) -> None:
    """Handles what is new after what the table holds now, until standard input closes."""
    session = await asyncpg.connect(dsn)
    stamps = Stamps(os.environ[STAMPS])
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), lambda: _read(stopping))
    cursor = await session.fetchval("SELECT coalesce(max(position), 0) FROM plain_event")
    sys.stderr.write("poller is running\n")
    sys.stderr.flush()
    decode = msgspec.json.Decoder(Happened).decode
    while not stopping.is_set():
        rows = await session.fetch(statement("bench", "poll_plain"), cursor)
        if not rows:
            await asyncio.sleep(poll_seconds)
            continue
        stamps.add([decode(row["data"]).number for row in rows])
        cursor = rows[-1]["position"]
    await session.close()


def _read(stopping: asyncio.Event) -> None:
    if not sys.stdin.buffer.read1(4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stopping.set()


if __name__ == "__main__":
    asyncio.run(follow(sys.argv[1], poll_seconds=float(sys.argv[2])))
