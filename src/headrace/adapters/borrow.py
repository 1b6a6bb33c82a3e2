"""From whatever connection a caller holds to one the engine can write on."""

from functools import lru_cache
from typing import Any

from headrace.adapters import asyncpg
from headrace.adapters.borrowed import Borrowed
from headrace.db.connection import Connection
from headrace.errors import ConfigurationError, TransactionClosedError


def borrow(connection: Any) -> Connection:
    """The caller's asynchronous connection or session, ready to write on.

    Raises TransactionClosedError unless it is open and in a transaction, ConfigurationError where it blocks.
    """
    if _driver(connection) == "asyncpg":
        return asyncpg.borrow(connection)
    borrowed = _adapted(connection)
    if borrowed.is_blocking:
        raise ConfigurationError(
            f"{_name(connection)} blocks the event loop; use app.sync.enqueue(...), or an asynchronous connection"
        )
    return borrowed


def borrow_blocking(connection: Any) -> Borrowed:
    """The caller's blocking connection or session, ready to write on.

    Raises TransactionClosedError unless it is open and in a transaction, ConfigurationError where it is asynchronous.
    """
    borrowed = None if _driver(connection) == "asyncpg" else _adapted(connection)
    if borrowed is None or not borrowed.is_blocking:
        raise ConfigurationError(f"{_name(connection)} is asynchronous; use `await app.enqueue(..., connection=...)`")
    return borrowed


def _adapted(connection: Any) -> Borrowed:
    # A driver is imported only for a connection of its own: each is an extra that others need not have.
    match _driver(connection):
        case "psycopg":
            from headrace.adapters import psycopg  # noqa: PLC0415 - see above

            return psycopg.borrow(connection)
        case "sqlalchemy":
            from headrace.adapters import sqlalchemy  # noqa: PLC0415 - see above

            return sqlalchemy.borrow(connection)
        case "django":
            from headrace.adapters import django  # noqa: PLC0415 - see above

            return django.borrow(connection)
        case _:
            raise TransactionClosedError(
                f"connection must be one of asyncpg, psycopg, SQLAlchemy or Django, got {_name(connection)}"
            )


def _driver(connection: Any) -> str | None:
    """The package that a connection's class, or one it is derived from, comes from."""
    return _driver_of(connection.__class__)


@lru_cache(maxsize=64)
def _driver_of(connected: type[object]) -> str | None:
    known = {"asyncpg", "psycopg", "sqlalchemy", "django"}
    packages = (cls.__module__.partition(".")[0] for cls in connected.__mro__)
    return next((package for package in packages if package in known), None)


def _name(connection: Any) -> str:
    return f"{type(connection).__module__}.{type(connection).__qualname__}"
