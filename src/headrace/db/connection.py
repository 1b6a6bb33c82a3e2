"""What the engine asks of a connection: the part of asyncpg's that everything above `db` may use."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

Row = Any
"""One row: fields by name or number. asyncpg's record; typed where it is taken apart."""


class Transaction(Protocol):
    """A transaction or savepoint as an async context manager."""

    async def __aenter__(self) -> Any: ...
    async def __aexit__(self, *exc_info: object) -> Any: ...


class Connection(Protocol):
    """A PostgreSQL session. asyncpg connections, pooled or not, fit as they are."""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str: ...
    async def fetch(self, query: str, *args: Any, timeout: float | None = None) -> list[Row]: ...
    async def fetchrow(self, query: str, *args: Any, timeout: float | None = None) -> Row | None: ...
    async def fetchval(self, query: str, *args: Any, column: int = 0, timeout: float | None = None) -> Any: ...
    def transaction(
        self, *, isolation: Any = None, readonly: bool = False, deferrable: bool = False
    ) -> Transaction: ...
    def is_in_transaction(self) -> bool: ...
    def is_closed(self) -> bool: ...
    async def copy_to_table(
        self,
        table_name: str,
        *,
        source: Any,
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
        format: Any = None,  # noqa: A002 - the driver's name for it
    ) -> str: ...
    async def copy_records_to_table(
        self,
        table_name: str,
        *,
        records: Any,
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
    ) -> str: ...


class Loan(Protocol):
    """A connection that is lent. Its borrower sets `is_clean` where it ran nothing but the engine's own statements."""

    session: Any
    is_clean: bool


class Pool(Protocol):
    """Lends connections; by `loan` with a word on the state they come back in.

    `execute` runs one statement of the engine's own, committed by itself, that leaves the session as it was.
    """

    def acquire(self) -> AbstractAsyncContextManager[Connection]: ...
    def loan(self) -> AbstractAsyncContextManager[Loan]: ...
    async def execute(self, query: str, *args: Any) -> list[Row]: ...


RowStream = AsyncIterator[Row]
