"""One at a time for each owner, or whatever else takes turns, within a process."""

import asyncio
from collections.abc import Hashable
from weakref import WeakValueDictionary


class Turns:
    """Lends the turn of each key, such as an owner's id, to one task at a time, in the order they came.

    The database's lock on the owner is what keeps processes apart; tasks of one process wait here
    instead, so that they do not hold connections of the pool while they wait.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    def of(self, key: Hashable) -> asyncio.Lock:
        """The key's turn, to be held with `async with`."""
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock
