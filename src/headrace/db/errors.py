"""What the driver raises, by what it means to the layers above; and the check of a caller's transaction."""

from collections.abc import Generator
from contextlib import contextmanager

import asyncpg

from headrace.db.connection import Connection
from headrace.errors import TransactionClosedError

FAILED_TRANSACTION: tuple[type[Exception], ...] = (asyncpg.InFailedSQLTransactionError,)
"""Raised by every statement after the first error of a transaction."""

UNSTORABLE: tuple[type[Exception], ...] = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)
"""Raised for a value that cannot be stored, now or later."""

REFUSED: tuple[type[Exception], ...] = (asyncpg.PostgresError,)
"""Raised by a statement that the server answered with an error: nothing it did stands."""

OUT_OF_TIME: tuple[type[Exception], ...] = (asyncpg.QueryCanceledError,)
"""Raised by a statement that took longer than the transaction allows it."""

LOCKED: tuple[type[Exception], ...] = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
"""Raised where a lock was not to be had in time."""

DEADLOCKED: tuple[type[Exception], ...] = (asyncpg.DeadlockDetectedError,)
"""Raised where two waited for each other, in the one that the server chose to give way: nothing it did stands."""

FORBIDDEN: tuple[type[Exception], ...] = (asyncpg.InsufficientPrivilegeError,)
"""Raised by a statement that the session's role may not run."""

NOT_GRANTED: tuple[type[Exception], ...] = (
    *FORBIDDEN,
    asyncpg.UndefinedObjectError,
    asyncpg.InvalidParameterValueError,
    asyncpg.InvalidSchemaNameError,
)
"""Raised by `headrace.grant_app` for a role or a schema that is wrong, and for a caller who may not grant."""

RELEASED_CONNECTION: tuple[type[Exception], ...] = (asyncpg.InterfaceError,)
"""Raised by a pooled connection that went back to its pool."""


def require_transaction(connection: Connection, *, doing: str) -> None:
    """Raises TransactionClosedError unless the connection is open and in a transaction."""
    try:
        is_closed = connection.is_closed()
        is_in_transaction = not is_closed and connection.is_in_transaction()
    except RELEASED_CONNECTION as error:
        raise TransactionClosedError(
            f"cannot {doing}: the connection went back to its pool; do it inside the block that acquired the connection"
        ) from error
    if is_closed:
        raise TransactionClosedError(f"cannot {doing}: the connection is closed; open another one")
    if not is_in_transaction:
        raise TransactionClosedError(
            f"cannot {doing}: the connection is not in a transaction; "
            "wrap the call in `async with connection.transaction():`"
        )


@contextmanager
def open_transaction(connection: Connection, *, doing: str) -> Generator[None]:
    """Guards a block of statements in a caller's transaction.

    Raises TransactionClosedError where the transaction ended, never began, or already failed.
    """
    require_transaction(connection, doing=doing)
    try:
        yield
    except FAILED_TRANSACTION as error:
        raise failed_transaction(doing=doing) from error


def failed_transaction(*, doing: str) -> TransactionClosedError:
    """What to raise from an error of `FAILED_TRANSACTION`."""
    return TransactionClosedError(
        f"cannot {doing}: an earlier statement of the transaction failed, so it can only be rolled back; "
        "leave the transaction's block and begin again"
    )
