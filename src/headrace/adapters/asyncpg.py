"""The caller's own asyncpg connection: checked before it is used, watched until it has committed."""

import asyncio
from collections.abc import Callable
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


async def watch_commit(connection: Connection, then: Callable[[], None]) -> None:
    """Calls `then` once the caller's transaction has ended, however it did.

    The driver tells nobody of a commit, so this looks at its own note of the transaction's state:
    after 2 ms, then at growing intervals up to 0.1 s, for a minute at most. A wake-up too many or too
    late costs little: workers also poll.
    """
    rest = _FIRST_LOOK_SECONDS
    watched = 0.0
    while watched < _LONGEST_WATCH_SECONDS:
        await asyncio.sleep(rest)
        watched += rest
        rest = min(rest * 1.5, _LONGEST_LOOK_SECONDS)
        try:
            if connection.is_closed() or not connection.is_in_transaction():
                break
        except asyncpg.InterfaceError:
            break
    then()
