"""The caller's SQLAlchemy connection or session, asynchronous or blocking."""

from collections.abc import Collection, Sequence
from typing import Any, cast

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session
from sqlalchemy.orm import Session, scoped_session

from headrace.adapters.borrowed import Announce, Answer, Borrowed, Record, announcement, own_errors
from headrace.adapters.placeholders import named, to_pyformat
from headrace.errors import ConfigurationError, TransactionClosedError

_HOOK = "headrace"
_NO_TRANSACTION = (
    "the {what} is in no transaction; write inside a block of {what}.begin(), or after work of your own on it"
)


def borrow(given: Any) -> Borrowed:
    """The connection or session, ready to write on.

    Raises TransactionClosedError where it is closed, has begun no transaction or has autocommit, and
    ConfigurationError for another database than PostgreSQL over psycopg or asyncpg.
    """
    is_scoped = isinstance(given, scoped_session | async_scoped_session)
    one = cast("object", given() if is_scoped else given)
    match one:
        case Session():
            _require_session(one)
            return BlockingBorrowed(one, _usable(one.connection()), session=one)
        case sqlalchemy.Connection():
            return BlockingBorrowed(one, _usable(one))
        case AsyncSession():
            _require_session(one.sync_session)
            return AsyncBorrowed(one)
        case AsyncConnection():
            if one.closed:
                raise TransactionClosedError("the connection is closed; write inside the block that opened it")
            _usable(one.sync_connection)
            return AsyncBorrowed(one)
        case _:
            raise TransactionClosedError(
                f"connection must be a Session, AsyncSession, Connection or AsyncConnection of SQLAlchemy, "
                f"got {type(one).__qualname__}"
            )


def _require_session(session: Session) -> None:
    if not session.in_transaction():
        raise TransactionClosedError(_NO_TRANSACTION.format(what="session"))
    if not session.is_active:
        raise TransactionClosedError("the session's transaction failed and must be rolled back; begin again after that")


def _usable(connection: Any) -> sqlalchemy.Connection:
    if connection.dialect.name != "postgresql" or connection.dialect.driver not in {"psycopg", "asyncpg"}:
        raise ConfigurationError(
            f"the connection is {connection.dialect.name}+{connection.dialect.driver}; "
            "jobs are written over postgresql+psycopg or postgresql+asyncpg"
        )
    if connection.closed:
        raise TransactionClosedError("the connection is closed; write inside the block that opened it")
    if not connection.in_transaction():
        raise TransactionClosedError(_NO_TRANSACTION.format(what="connection"))
    if connection.connection.dbapi_connection.autocommit:
        raise TransactionClosedError(
            "the connection has the isolation level AUTOCOMMIT; use one with transactions, for jobs to commit with"
        )
    return connection


class _CommitHook:
    """Announces what a session committed, once for each transaction."""

    def __init__(self, session: Session) -> None:
        self.announce: Announce | None = None
        self.channels: set[str] = set()
        self.connection: sqlalchemy.Connection | None = None
        event.listen(session, "after_commit", self._committed)
        event.listen(session, "after_rollback", self._rolled_back)

    def _committed(self, _: Session) -> None:
        announce, channels = self.announce, self.channels
        if self._forget() and announce is not None:
            announce(channels)

    def _rolled_back(self, _: Session) -> None:
        self._forget()

    def _forget(self) -> bool:
        """Whether the transaction has ended: the same events tell of savepoints, and of parts of larger ones."""
        if self.connection is None or self.connection.in_transaction():
            return False
        self.announce, self.channels, self.connection = None, set(), None
        return True


class _Sqlalchemy(Borrowed):
    def __init__(self, owner: object, session: Session | None, connection: sqlalchemy.Connection | None) -> None:
        super().__init__(owner)
        self._session = session
        self._used = connection

    def after_commit(self, channels: Collection[str], announce: Announce) -> bool:
        if self._session is None:
            return False  # the events of a plain connection come before the commit
        hook = self._session.info.get(_HOOK)
        if not isinstance(hook, _CommitHook):
            hook = self._session.info[_HOOK] = _CommitHook(self._session)
        hook.announce = announce
        hook.channels.update(channels)
        hook.connection = self._used
        return True


class BlockingBorrowed(_Sqlalchemy):
    """A `Session`, or a `Connection`."""

    is_blocking = True

    def __init__(self, owner: object, connection: sqlalchemy.Connection, *, session: Session | None = None) -> None:
        super().__init__(owner, session, connection)
        self._connection = connection

    def is_closed(self) -> bool:
        return self._connection.closed

    def is_in_transaction(self) -> bool:
        return self._connection.in_transaction()

    async def run(self, query: str, args: Sequence[Any]) -> Answer:
        with own_errors(DBAPIError):
            return _answer(self._connection.exec_driver_sql(*_call(self._connection, query, args)))

    def tell(self, channels: Collection[str]) -> None:
        # On the driver's connection: after its commit a session takes no statement before its next transaction.
        driver: Any = self._connection.connection.dbapi_connection
        with driver.cursor() as cursor:
            cursor.execute(*_call(self._connection, announcement(), [list(channels)]))
        if not self._connection.in_transaction():
            driver.commit()


class AsyncBorrowed(_Sqlalchemy):
    """An `AsyncSession`, or an `AsyncConnection`."""

    is_blocking = False

    def __init__(self, owner: AsyncSession | AsyncConnection) -> None:
        super().__init__(owner, owner.sync_session if isinstance(owner, AsyncSession) else None, None)
        self._given = owner

    def is_closed(self) -> bool:
        return isinstance(self._given, AsyncConnection) and self._given.closed

    def is_in_transaction(self) -> bool:
        return self._given.in_transaction()

    async def run(self, query: str, args: Sequence[Any]) -> Answer:
        given = self._given
        connection = await given.connection() if isinstance(given, AsyncSession) else given
        self._used = self._used or _usable(connection.sync_connection)
        with own_errors(DBAPIError):
            return _answer(await connection.exec_driver_sql(*_call(self._used, query, args)))


def _call(connection: sqlalchemy.Connection, query: str, args: Sequence[Any]) -> tuple[str, Any]:
    """The statement and its values in the style of the connection's driver."""
    if connection.dialect.driver == "asyncpg":
        return query, tuple(args)
    return to_pyformat(query), named(args)


def _answer(result: "sqlalchemy.CursorResult[Any]") -> Answer:
    if not result.returns_rows:
        return Answer([])
    names = list(result.keys())
    return Answer([Record.of(tuple(row), names) for row in result])
