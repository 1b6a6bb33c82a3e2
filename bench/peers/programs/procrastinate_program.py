"""Procrastinate, with twenty jobs at a time: the best of four settings tried."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import procrastinate
from protocol import Args, main, until

_CONCURRENCY = 20
_DAY = {"days": 1}


class ProcrastinatePeer:
    def __init__(self, app: procrastinate.App) -> None:
        self._app = app
        self._ran: Callable[[Args], None] = lambda _: None
        self._task = app.task(name="errand")(self._run)

    async def _run(self, **args: object) -> None:
        self._ran(args)

    async def install(self) -> None:
        await self._app.schema_manager.apply_schema_async()

    async def store_many(self, args: Sequence[Args], *, is_later: bool) -> None:
        chosen = self._task.configure(schedule_in=_DAY) if is_later else self._task
        await chosen.batch_defer_async(*args)

    async def store_one(self, args: Args) -> None:
        await self._task.defer_async(**args)

    async def work(self, ran: Callable[[Args], None], stopping: asyncio.Event) -> None:
        self._ran = ran
        worker = asyncio.ensure_future(
            self._app.run_worker_async(
                concurrency=_CONCURRENCY, install_signal_handlers=False, shutdown_graceful_timeout=5
            )
        )
        async with until(stopping, worker):
            worker.cancel()
            await asyncio.wait({worker})


@asynccontextmanager
async def opened(dsn: str, connections: int) -> AsyncIterator[ProcrastinatePeer]:
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    connector = procrastinate.PsycopgConnector(
        conninfo=dsn, min_size=connections, max_size=max(connections, _CONCURRENCY + 4)
    )
    app = procrastinate.App(connector=connector)
    peer = ProcrastinatePeer(app)
    async with app.open_async():
        yield peer


if __name__ == "__main__":
    main(opened)
