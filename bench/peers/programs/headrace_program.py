"""Headrace, by the same commands as its peers, with the options a worker has by default."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
from protocol import Args, main

from headrace import Headrace


class Errand(msgspec.Struct, frozen=True):
    number: int
    user: str
    note: str
    is_stamped: bool


class HeadracePeer:
    def __init__(self, app: Headrace) -> None:
        self._app = app
        self._ran: Callable[[Args], None] = lambda _: None
        app.job("errand")(self._run)

    async def _run(self, args: Errand) -> None:
        self._ran(_seen(args))

    async def install(self) -> None:
        """Opening the app has done it."""

    async def store_many(self, args: Sequence[Args], *, is_later: bool) -> None:
        await self._app.enqueue_many("errand", args, delay=timedelta(days=1) if is_later else None)

    async def store_one(self, args: Args) -> None:
        await self._app.enqueue("errand", args)

    async def work(self, ran: Callable[[Args], None], stopping: asyncio.Event) -> None:
        self._ran = ran
        async with self._app.process():
            await stopping.wait()


def _seen(args: Errand) -> Args:
    return {"number": args.number, "is_stamped": args.is_stamped}


@asynccontextmanager
async def opened(dsn: str, connections: int) -> AsyncIterator[HeadracePeer]:
    app = Headrace(dsn, name="bench", pool_size=connections, say=lambda _: None)
    peer = HeadracePeer(app)
    async with app:
        yield peer


if __name__ == "__main__":
    main(opened)
