"""The caller's own asyncpg connection: checked before it is used; and the watch on callers' transactions."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any, cast

import asyncpg

from headrace.db.connection import Connection
from headrace.errors import TransactionClosedError

_FIRST_LOOK_SECONDS = 0.002
_LONGEST_LOOK_SECONDS = 0.1
_LONGEST_WATCH_SECONDS = 60.0


def borrow(connection: Any) -> Connection:
    """The caller's connection, ready to write on.

    Raises TransactionClosedError unless it is an open asyncpg connection inside a transaction: what is
    written must commit, or not, with the caller's own work.
    """
    if not isinstance(connection, asyncpg.Connection | asyncpg.pool.PoolConnectionProxy):
        raise TransactionClosedError(
            f"connection must be an asyncpg connection, got {type(connection).__module__}."
            f"{type(connection).__qualname__}"
        )
    try:
        is_closed = connection.is_closed()
        is_in_transaction = not is_closed and connection.is_in_transaction()
    except asyncpg.InterfaceError as error:
        raise TransactionClosedError(
            "the connection was given back to its pool; write inside the block that acquired it"
        ) from error
    if is_closed:
        raise TransactionClosedError("the connection is closed; write while it is open")
    if not is_in_transaction:
        raise TransactionClosedError(
            "the connection is in no transaction; use `async with connection.transaction():`, "
            "or leave the connection out to write in a transaction of its own"
        )
    return cast("Connection", connection)


class CommitWatch:
    """Announces what was written on callers' connections once their transactions have ended, however they did.

    The driver tells nobody of a commit, so one task a connection looks at the driver's own note of the
    transaction's state: after 2 ms, then at growing intervals up to 0.1 s, for a minute at most. A
    wake-up too many or too late costs little: workers also poll.
    """

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._channels: dict[int, set[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, connection: Connection, channels: Collection[str], *, of: object) -> None:
        """Announces on these channels after the transaction the connection is in; `of` is what the caller calls it."""
        waiting = self._channels.get(id(of))
        if waiting is not None:
            waiting.update(channels)
            return
        self._channels[id(of)] = set(channels)
        task = asyncio.create_task(self._watch(connection, of), name="headrace-commit-watch")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stops watching and announces everything now."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for key in list(self._channels):
            self._end(key)

    async def _watch(self, connection: Connection, of: object) -> None:
        rest = _FIRST_LOOK_SECONDS
        watched = 0.0
        try:
            while watched < _LONGEST_WATCH_SECONDS:
                await asyncio.sleep(rest)
                watched += rest
                rest = min(rest * 1.5, _LONGEST_LOOK_SECONDS)
                if connection.is_closed() or not connection.is_in_transaction():
                    break
        except asyncpg.InterfaceError:
            return  # given back to its pool, so its transaction has ended
        finally:
            self._end(id(of))

    def _end(self, key: int) -> None:
        for channel in self._channels.pop(key, ()):
            self._announce(channel)
