"""PGQueuer, with batches of a hundred: the best of six settings tried, those up to a thousand within 15 %."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from protocol import Args, main, until

_BATCH = 100
_DAY = timedelta(days=1)


class PgqueuerPeer:
    def __init__(self, dsn: str, pool: asyncpg.Pool) -> None:
        self._dsn = dsn
        self._queries = Queries(AsyncpgPoolDriver(pool))

    async def install(self) -> None:
        await self._queries.install()

    async def store_many(self, args: Sequence[Args], *, is_later: bool) -> None:
        count = len(args)
        await self._queries.enqueue(
            ["errand"] * count,
            [json.dumps(one).encode() for one in args],
            [0] * count,
            [_DAY] * count if is_later else None,
        )

    async def store_one(self, args: Args) -> None:
        await self._queries.enqueue("errand", json.dumps(args).encode())

    async def work(self, ran: Callable[[Args], None], stopping: asyncio.Event) -> None:
        session = await asyncpg.connect(self._dsn)
        manager = PgQueuer.from_asyncpg_connection(session).qm

        @manager.entrypoint("errand")
        async def errand(job: Job) -> None:
            ran(json.loads(job.payload or b"{}"))

        worker = asyncio.ensure_future(manager.run(batch_size=_BATCH, dequeue_timeout=timedelta(seconds=1)))
        async with until(stopping, worker):
            manager.shutdown.set()
            await asyncio.wait({worker}, timeout=10)
            worker.cancel()
            await session.close(timeout=2)


@asynccontextmanager
async def opened(dsn: str, connections: int) -> AsyncIterator[PgqueuerPeer]:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=connections) as pool:
        yield PgqueuerPeer(dsn, pool)


if __name__ == "__main__":
    main(opened)
