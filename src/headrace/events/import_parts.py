"""Imports events part by part: while the server stores one, the next is made here."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Protocol

from headrace.clock import Clock
from headrace.db.connection import Connection
from headrace.errors import ConfigurationError, EventIdTakenError, ImportStoppedError
from headrace.events.import_part import Part, store_part
from headrace.events.past import Imported, PastEvent, PastEvents, slices
from headrace.events.row_maker import RowMaker
from headrace.events.schema import EventRegistry

_SLICE = 128
_FIRST = 5_000
_MOST_BYTES = 32 * 1024 * 1024


class Unit(Protocol):
    """The transaction of a part; `has_events` has it wake who reads once it is committed.

    `is_touched` False spares the session its reset, `mark_sound` the transaction a last look whether it failed.
    """

    has_events: bool
    is_touched: bool

    @property
    def connection(self) -> Connection: ...
    def mark_sound(self) -> None: ...


async def import_in_parts(
    begin: Callable[[], AbstractAsyncContextManager[Unit]],
    registry: EventRegistry,
    events: PastEvents,
    *,
    commit_every: int,
    source: str,
    clock: Clock | None = None,
    on_commit: Callable[[Imported], None] | None = None,
) -> Imported:
    """Appends events in the order given, so many in each transaction, which `begin` opens.

    A part of more than 32 MB is committed before it has as many events; and the first ones have 5,000 and 10,000,
    so that the server soon has something to do, and what is wrong with all of them shows early. At most two are in
    memory: one that is being stored, one that is being made. `on_commit` is told after each what it has come to.

    Whatever ends it raises ImportStoppedError, the cause being its `__cause__`; parts that were committed stay.
    Cancelled, it takes back the part under way. Raises ConfigurationError for `commit_every` below 1.
    """
    if commit_every < 1:
        raise ConfigurationError(f"commit_every must be at least 1, got {commit_every}; 20_000 is a good number")
    maker = RowMaker(registry, source=source, clock=clock)
    return await _Parts(begin, maker, commit_every=commit_every, on_commit=on_commit).run(events)


class _Parts:
    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[Unit]],
        maker: RowMaker,
        *,
        commit_every: int,
        on_commit: Callable[[Imported], None] | None,
    ) -> None:
        self._begin = begin
        self._maker = maker
        self._commit_every = commit_every
        self._size = min(_FIRST, commit_every)
        self._on_commit = on_commit
        self._imported = Imported(0, 0, None, None)
        self._next = Part(maker, first_number=1)
        self._stored: Part | None = None
        self._storing: asyncio.Task[None] | None = None
        self._is_committing = False

    async def run(self, events: PastEvents) -> Imported:
        try:
            async with aclosing(slices(events, self._take)) as parts:
                async for _ in parts:
                    if self._storing is not None and self._storing.done():
                        await self._land()
                    if self._is_whole():
                        await self._hand_over()
                    # The loop turns between two slices, so that the server never waits for what is made already.
                    await asyncio.sleep(0)
            await self._hand_over()
            await self._land()
        except ImportStoppedError:
            raise
        except Exception as error:
            number = self._next.last_number + 1
            # What is being stored is whole: it may as well be kept, and then it is told.
            await self._land()
            raise self._stopped(error, event_number=number) from error
        finally:
            if self._storing is not None:
                self._storing.cancel()
                await asyncio.wait([self._storing])
        return self._imported

    def _take(self, past: PastEvent) -> bool:
        self._next.add(past)
        return len(self._next) % _SLICE == 0 or self._is_whole()

    def _is_whole(self) -> bool:
        return len(self._next) >= self._size or self._next.byte_count >= _MOST_BYTES

    async def _hand_over(self) -> None:
        """Has the part that was made stored once the one before it is."""
        part = self._next
        part.close()
        await self._land()
        self._next = Part(self._maker, first_number=part.last_number + 1)
        self._size = min(2 * self._size, self._commit_every)
        if len(part):
            self._stored, self._storing = part, asyncio.create_task(self._store(part))

    async def _store(self, part: Part) -> None:
        """Stores a part, counts it and tells of it."""
        async with self._begin() as unit:
            stored = await store_part(unit.connection, part, after=self._imported.last_position)
            unit.has_events = stored.event_count > 0
            unit.is_touched = False  # the engine's own statements, all to their end
            unit.mark_sound()
            self._is_committing = True
        self._is_committing = False
        so_far = self._imported
        self._imported = Imported(
            so_far.event_count + stored.event_count,
            so_far.known_count + stored.known_count,
            stored.first_position if so_far.first_position is None else so_far.first_position,
            so_far.last_position if stored.last_position is None else stored.last_position,
        )
        if self._on_commit is not None:
            self._on_commit(self._imported)

    async def _land(self) -> None:
        """Waits for the part that is being stored."""
        storing, part = self._storing, self._stored
        if storing is None or part is None:
            return
        try:
            await storing
        except Exception as error:
            number = part.number_of(error.event_id) if isinstance(error, EventIdTakenError) else None
            raise self._stopped(error, event_number=number, part=part) from error
        finally:
            if storing.done():
                self._storing = None

    def _stopped(self, error: Exception, *, event_number: int | None, part: Part | None = None) -> ImportStoppedError:
        return ImportStoppedError(
            f"{type(error).__qualname__}: {error}",
            event_number=event_number,
            event_count=self._imported.event_count,
            known_count=self._imported.known_count,
            in_doubt_count=len(part) if part is not None and self._is_committing else 0,
        )
