"""Takes pushes in: each is noted and makes a sync of its mailbox in one commit, shared by all that wait for it."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from headrace import Connection, Headrace, Unique, statement
from headrace_crm.accounts.push import Push
from headrace_crm.errors import CrmError

SYNC_KIND: Final = "email-sync-incremental"
"""What a push makes: a job with the args `{"account_id": ...}`."""

KEPT: Final = timedelta(days=1)
"""How long a push is recognised. Its token is good for an hour, and nobody without one is listened to."""

_PACKAGE: Final = "headrace_crm.accounts"
_MOST_TOGETHER = 500
_MOST_WAITING = 5_000
_FORGOTTEN_TOGETHER = 10_000

# One that waits will see the change; one that runs may have read past it, so another is made beside it.
_ONE_WAITING = Unique(scope="waiting")

Taken: TypeAlias = Literal["accepted", "replayed", "unknown"]


class IntakeFullError(CrmError):
    """More pushes wait to be stored than are kept in memory; they will come again."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} pushes wait to be stored; they are sent again later")
        self.waiting = waiting


class PushIntake:
    """Stores pushes in batches: those that come while one batch is stored make up the next."""

    def __init__(self, app: Headrace) -> None:
        self._app = app
        self._waiting: deque[tuple[Push, asyncio.Future[Taken]]] = deque()
        self._work: asyncio.Task[None] | None = None

    async def take(self, push: Push) -> Taken:
        """What became of a push, once that is committed: "replayed" was taken before, "unknown" has no linked mailbox.

        Raises IntakeFullError, and what the database raises: then nothing of it is stored.
        """
        if len(self._waiting) >= _MOST_WAITING:
            raise IntakeFullError(len(self._waiting))
        taken: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._waiting.append((push, taken))
        if self._work is None:
            self._work = asyncio.create_task(self._store_waiting())
        return await taken

    async def _store_waiting(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_TOGETHER))]
                try:
                    found = await self._store([push for push, _ in batch])
                except Exception as error:  # noqa: BLE001 - whatever it is belongs to those who wait
                    for _, taken in batch:
                        if not taken.done():
                            taken.set_exception(error)
                else:
                    for (_, taken), one in zip(batch, found, strict=True):
                        if not taken.done():
                            taken.set_result(one)
        finally:
            self._work = None

    async def _store(self, pushes: Sequence[Push]) -> list[Taken]:
        by_id = {push.message_id: push for push in reversed(pushes)}
        async with self._app.transaction() as tx:
            rows = await tx.fetch(
                statement(_PACKAGE, "record_pushes"),
                list(by_id),
                [push.email for push in by_id.values()],
                self._app.clock.now(),
            )
            changed = sorted({row["account_id"] for row in rows if row["is_new"]})
            if changed:
                await tx.enqueue_many(
                    SYNC_KIND,
                    [{"account_id": account_id} for account_id in changed],
                    uniques=[_ONE_WAITING] * len(changed),
                )
        found: dict[str, Taken] = {
            row["message_id"]: "accepted" if row["is_new"] else "unknown" if row["account_id"] is None else "replayed"
            for row in rows
        }
        return [_first(found, push.message_id) for push in pushes]


def _first(found: dict[str, Taken], message_id: str) -> Taken:
    """What is told of a push; of those that come twice in a batch, one alone was accepted."""
    told = found[message_id]
    if told == "accepted":
        found[message_id] = "replayed"
    return told


async def forget_pushes(app: Headrace) -> int:
    """Deletes what was received more than `KEPT` ago, in batches; how many."""
    before, count = app.clock.now() - KEPT, 0
    while True:
        async with app.pool.acquire() as connection:
            gone = await _forget(connection, before)
        count += gone
        if gone < _FORGOTTEN_TOGETHER:
            return count


async def _forget(connection: Connection, before: object) -> int:
    return await connection.fetchval(statement(_PACKAGE, "forget_pushes"), before, _FORGOTTEN_TOGETHER)
