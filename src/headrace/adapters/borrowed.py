"""A caller's connection of any driver, as the engine's own statements need it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Self

from headrace.db.connection import Transaction
from headrace.db.statements import statement
from headrace.errors import ConfigurationError, TransactionClosedError

Announce = Callable[[Collection[str]], None]
"""Sends wake-ups on these channels."""

_FAILED_TRANSACTION = "25P02"


class Record(tuple[Any, ...]):  # noqa: SLOT001 - a tuple's subclass cannot have slots
    """One row: fields by number or name."""

    _names: Sequence[str]

    @classmethod
    def of(cls, values: Sequence[Any], names: Sequence[str]) -> Self:
        record = cls(values)
        record._names = names
        return record

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self._names.index(key) if isinstance(key, str) else key)

    def keys(self) -> Sequence[str]:
        return self._names

    def items(self) -> list[tuple[str, Any]]:
        return list(zip(self._names, self, strict=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gave: its rows, and its status tag where the driver tells it."""

    rows: list[Record]
    tag: str = ""


class Borrowed(ABC):
    """What the engine asks of a connection, over the one thing an adapter does: run one statement.

    Where `is_blocking`, nothing here ever waits for an event loop: its coroutines end at their first step.
    Statements have `$1` parameters and run in the caller's transaction; none is committed.
    """

    is_blocking: bool

    def __init__(self, owner: object) -> None:
        self.owner = owner
        self._savepoints = count(1)

    @abstractmethod
    async def run(self, query: str, args: Sequence[Any]) -> Answer:
        """Runs one statement. Raises TransactionClosedError in a failed transaction, else the driver's own errors."""

    @abstractmethod
    def is_in_transaction(self) -> bool:
        """Whether a statement now would be a part of a transaction of the caller."""

    @abstractmethod
    def is_closed(self) -> bool: ...

    def after_commit(self, channels: Collection[str], announce: Announce) -> bool:
        """Calls `announce` once the caller's transaction has committed. False where the driver tells nobody of that."""
        del channels, announce
        return False

    def tell(self, channels: Collection[str]) -> None:
        """Sends wake-ups on this connection: at once, or with the commit of the transaction it is in."""
        del channels
        raise ConfigurationError(f"{type(self.owner).__qualname__} cannot send wake-ups of its own; an open app does")

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        return (await self._run(query, args, timeout)).tag

    async def fetch(self, query: str, *args: Any, timeout: float | None = None) -> list[Any]:
        return list((await self._run(query, args, timeout)).rows)

    async def fetchrow(self, query: str, *args: Any, timeout: float | None = None) -> Any | None:
        return next(iter((await self._run(query, args, timeout)).rows), None)

    async def fetchval(self, query: str, *args: Any, column: int = 0, timeout: float | None = None) -> Any:
        row = await self.fetchrow(query, *args, timeout=timeout)
        return None if row is None else row[column]

    def transaction(self, *, isolation: Any = None, readonly: bool = False, deferrable: bool = False) -> Transaction:
        """A savepoint: the transaction itself is the caller's."""
        if isolation is not None or readonly or deferrable:
            raise ConfigurationError(
                "a caller's transaction has its own isolation; set it where the transaction begins"
            )
        return _Savepoint(self, f"headrace_{next(self._savepoints)}")

    async def copy_records_to_table(
        self, table_name: str, *, records: Any, columns: Sequence[str] | None = None, schema_name: str | None = None
    ) -> str:
        del records, columns, schema_name
        raise self._no_copy(table_name)

    async def copy_to_table(
        self,
        table_name: str,
        *,
        source: Any,
        columns: Sequence[str] | None = None,
        schema_name: str | None = None,
        format: Any = None,  # noqa: A002 - the driver's name for it
    ) -> str:
        del source, columns, schema_name, format
        raise self._no_copy(table_name)

    def _no_copy(self, table_name: str) -> ConfigurationError:
        return ConfigurationError(
            f"COPY into {table_name} needs an asyncpg connection, got {type(self.owner).__qualname__}"
        )

    async def _run(self, query: str, args: Sequence[Any], timeout: float | None) -> Answer:
        if timeout is not None:
            raise ConfigurationError("a caller's connection takes no timeout; set statement_timeout in its transaction")
        return await self.run(query, args)


class _Savepoint:
    def __init__(self, connection: Borrowed, name: str) -> None:
        self._connection = connection
        self._name = name

    async def __aenter__(self) -> None:
        await self._connection.execute(f"SAVEPOINT {self._name}")

    async def __aexit__(self, *error: object) -> None:
        if error[0] is not None:
            await self._connection.execute(f"ROLLBACK TO SAVEPOINT {self._name}")
        await self._connection.execute(f"RELEASE SAVEPOINT {self._name}")


@contextmanager
def own_errors(error_type: type[Exception]) -> Generator[None]:
    """Raises TransactionClosedError for a driver's error that says the transaction failed before; others pass."""
    try:
        yield
    except error_type as error:
        if _sqlstate(error) != _FAILED_TRANSACTION:
            raise
        raise TransactionClosedError(
            "an earlier statement of the transaction failed, so it can only be rolled back; "
            "leave the transaction's block and begin again"
        ) from error


def announcement() -> str:
    """The statement that sends wake-ups; its one parameter is the list of channels."""
    return statement("headrace.adapters", "announce")


def _sqlstate(error: BaseException | None) -> str | None:
    """The SQLSTATE of an error, or of the one it wraps."""
    while error is not None:
        found = getattr(error, "sqlstate", None)
        if found:
            return found
        error = getattr(error, "orig", None) or error.__cause__
    return None
