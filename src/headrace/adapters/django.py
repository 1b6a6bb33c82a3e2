"""The caller's Django connection: `django.db.connection`, or one of `django.db.connections`."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import Error

from headrace.adapters.borrowed import Announce, Answer, Borrowed, Record, announcement, own_errors
from headrace.adapters.placeholders import named, to_pyformat
from headrace.errors import ConfigurationError, TransactionClosedError

_PSYCOPG = "psycopg"  # psycopg 2 is called otherwise


def borrow(connection: Any) -> Borrowed:
    """The connection, ready to write on.

    Raises TransactionClosedError outside `transaction.atomic()` (unless autocommit is off) and in a broken block,
    ConfigurationError for another database than PostgreSQL over psycopg 3.
    """
    if connection.vendor != "postgresql" or connection.Database.__name__ != _PSYCOPG:
        raise ConfigurationError(
            f"Django's connection {connection.alias!r} is {connection.display_name} over "
            f"{connection.Database.__name__}; jobs are written to PostgreSQL over psycopg 3"
        )
    if not _is_in_transaction(connection):
        raise TransactionClosedError(
            f"Django's connection {connection.alias!r} is in no transaction; use `with transaction.atomic():`"
        )
    if connection.needs_rollback:
        raise TransactionClosedError(
            "an error left this atomic block to be rolled back; give what may fail an atomic block of its own"
        )
    return DjangoBorrowed(connection)


class _Announcement:
    """What Django calls once the transaction has committed; the next enqueue in it adds to the same."""

    def __init__(self, announce: Announce, channels: Collection[str]) -> None:
        self.channels = set(channels)
        self._announce = announce

    def __call__(self) -> None:
        self._announce(self.channels)


class DjangoBorrowed(Borrowed):
    """A connection wrapper of Django's PostgreSQL backend."""

    is_blocking = True

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.connection = connection

    def is_closed(self) -> bool:
        # Django opens a closed connection anew, but never inside an atomic block.
        return self.connection.connection is None and self.connection.in_atomic_block

    def is_in_transaction(self) -> bool:
        return _is_in_transaction(self.connection)

    async def run(self, query: str, args: Sequence[Any]) -> Answer:
        return self._run_now(query, args)

    def after_commit(self, channels: Collection[str], announce: Announce) -> bool:
        if not self.connection.in_atomic_block:
            return False
        # What a rolled back savepoint asked for is gone from this list, so an announcement in it is good for us too.
        for _, waiting, *_ in self.connection.run_on_commit:
            if isinstance(waiting, _Announcement):
                waiting.channels.update(channels)
                return True
        self.connection.on_commit(_Announcement(announce, channels))
        return True

    def tell(self, channels: Collection[str]) -> None:
        self._run_now(announcement(), [list(channels)])

    def _run_now(self, query: str, args: Sequence[Any]) -> Answer:
        with own_errors(Error), self.connection.cursor() as cursor:
            cursor.execute(to_pyformat(query), named(args))
            names = [column[0] for column in cursor.description or ()]
            rows: list[Any] = cursor.fetchall() if cursor.description else []
            return Answer([Record.of(row, names) for row in rows], cursor.statusmessage or "")


def _is_in_transaction(connection: Any) -> bool:
    # `get_autocommit()` would open a closed connection.
    is_open = connection.connection is not None
    has_autocommit = connection.autocommit if is_open else connection.settings_dict["AUTOCOMMIT"]
    return bool(connection.in_atomic_block or not has_autocommit)
