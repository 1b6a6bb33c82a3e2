"""The caller's own asyncpg connection: checked before it is used; and the watch on callers' transactions."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, cast

import asyncpg

from headrace.db.connection import Connection
from headrace.errors import TransactionClosedError

_FIRST_LOOK_SECONDS = 0.002
_BETWEEN_LOOKS_SECONDS = 0.01
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


@dataclass(slots=True)
class _Watched:
    connection: Connection
    of: object
    """What the caller calls it: kept, so that its number stays its own."""
    channels: set[str]
    due: float
    since: float
    rest: float = _FIRST_LOOK_SECONDS
    is_renewed: bool = False

    @property
    def is_over(self) -> bool:
        try:
            return self.connection.is_closed() or not self.connection.is_in_transaction()
        except asyncpg.InterfaceError:
            return True  # given back to its pool, so its transaction has ended


class CommitWatch:
    """Announces what was written on callers' connections once their transactions have ended, however they did.

    The driver tells nobody of a commit, so one timer looks at the driver's own note of each transaction's
    state: after 2 ms (10 ms from the last look, while they keep coming), then at growing intervals up to
    0.1 s, for a minute at most. A connection written on for 0.1 s that is in a transaction at every look
    may have gone from one to the next: that is announced too. A wake-up too many or too late costs little:
    workers also poll.
    """

    def __init__(self, announce: Callable[[str], None]) -> None:
        self._announce = announce
        self._watched: dict[int, _Watched] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.looked_at = 0.0
        """When it looked last, by the event loop's clock."""

    def add(self, connection: Connection, channels: Collection[str], *, of: object) -> None:
        """Announces on these channels after the transaction the connection is in; `of` is what the caller calls it."""
        known = self._watched.get(id(of))
        if known is not None:
            known.channels.update(channels)
            known.is_renewed = True
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        due = max(now + _FIRST_LOOK_SECONDS, self.looked_at + _BETWEEN_LOOKS_SECONDS)
        self._watched[id(of)] = _Watched(connection, of, set(channels), due=due, since=now)
        if self._timer is None or self._timer.when() > due:
            self._look_again(loop, due)

    def close(self) -> None:
        """Stops watching and announces everything now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        watched, self._watched = self._watched, {}
        self._tell(watched.values())

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = self.looked_at = loop.time()
        told: list[_Watched] = []
        for one in [one for one in self._watched.values() if one.due <= now]:
            if one.is_over or now - one.since >= _LONGEST_WATCH_SECONDS:
                del self._watched[id(one.of)]
                told.append(one)
                continue
            if one.is_renewed and now - one.since >= _LONGEST_LOOK_SECONDS:
                one.is_renewed, one.since = False, now
                told.append(one)
            one.rest = min(one.rest * 1.5, _LONGEST_LOOK_SECONDS)
            one.due = now + one.rest
        self._tell(told)
        if self._watched:
            self._look_again(loop, min(one.due for one in self._watched.values()))

    def _look_again(self, loop: asyncio.AbstractEventLoop, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(when, self._look, loop)

    def _tell(self, told: Iterable[_Watched]) -> None:
        for channel in {channel for one in told for channel in one.channels}:
            self._announce(channel)
