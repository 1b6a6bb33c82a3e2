"""The caller's own psycopg 3 connection, asynchronous or blocking."""

from collections.abc import Collection, Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from headrace.adapters.borrowed import Answer, Borrowed, Record, announcement, own_errors
from headrace.errors import TransactionClosedError


def borrow(connection: "psycopg.Connection[Any] | psycopg.AsyncConnection[Any]") -> Borrowed:
    """The connection, ready to write on.

    Without autocommit psycopg begins a transaction at the first statement, so there is always one to write in.
    Raises TransactionClosedError where it is closed, in a failed transaction, or has autocommit and no transaction.
    """
    if connection.closed:
        raise TransactionClosedError("the connection is closed; write while it is open")
    status = connection.info.transaction_status
    if status == TransactionStatus.INERROR:
        raise TransactionClosedError(
            "an earlier statement of the transaction failed, so it can only be rolled back; "
            "leave the transaction's block and begin again"
        )
    if connection.autocommit and status == TransactionStatus.IDLE:
        raise TransactionClosedError(
            "the connection has autocommit and is in no transaction; use `with connection.transaction():`"
        )
    return (
        AsyncBorrowed(connection) if isinstance(connection, psycopg.AsyncConnection) else BlockingBorrowed(connection)
    )


class _Psycopg(Borrowed):
    def __init__(self, connection: "psycopg.Connection[Any] | psycopg.AsyncConnection[Any]") -> None:
        super().__init__(connection)
        self._either = connection
        self._has_begun = False

    def is_closed(self) -> bool:
        return self._either.closed

    def is_in_transaction(self) -> bool:
        status = self._either.info.transaction_status
        return status != TransactionStatus.IDLE or not (self._has_begun or self._either.autocommit)


class BlockingBorrowed(_Psycopg):
    """A `psycopg.Connection`."""

    is_blocking = True

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        super().__init__(connection)
        self.connection = connection

    async def run(self, query: str, args: Sequence[Any]) -> Answer:
        return self._run_now(query, args)

    def tell(self, channels: Collection[str]) -> None:
        was_idle = self.connection.info.transaction_status == TransactionStatus.IDLE
        self._run_now(announcement(), [list(channels)])
        if was_idle and not self.connection.autocommit:
            self.connection.commit()

    def _run_now(self, query: str, args: Sequence[Any]) -> Answer:
        # The raw cursor takes the statements as they are written.
        with own_errors(psycopg.Error), psycopg.RawCursor(self.connection, row_factory=tuple_row) as cursor:
            cursor.execute(query.encode(), args)
            self._has_begun = True
            return _answer(cursor, cursor.fetchall() if cursor.description else [])


class AsyncBorrowed(_Psycopg):
    """A `psycopg.AsyncConnection`."""

    is_blocking = False

    def __init__(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        super().__init__(connection)
        self.connection = connection

    async def run(self, query: str, args: Sequence[Any]) -> Answer:
        with own_errors(psycopg.Error):
            async with psycopg.AsyncRawCursor(self.connection, row_factory=tuple_row) as cursor:
                await cursor.execute(query.encode(), args)
                self._has_begun = True
                return _answer(cursor, await cursor.fetchall() if cursor.description else [])


def _answer(cursor: "psycopg.Cursor[Any] | psycopg.AsyncCursor[Any]", rows: Sequence[Sequence[Any]]) -> Answer:
    names = [column.name for column in cursor.description or ()]
    return Answer([Record.of(row, names) for row in rows], cursor.statusmessage or "")
