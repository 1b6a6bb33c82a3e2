"""One at a time for each owner within a process."""

import asyncio
from uuid import UUID
from weakref import WeakValueDictionary


class Turns:
    """Lends each owner's turn to one task at a time.

    The database's lock on the owner is what keeps processes apart; tasks of one process wait here
    instead, so that they do not hold connections of the pool while they wait.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    def of(self, owner_id: UUID) -> asyncio.Lock:
        """The owner's turn, to be held with `async with`."""
        lock = self._locks.get(owner_id)
        if lock is None:
            lock = self._locks[owner_id] = asyncio.Lock()
        return lock
