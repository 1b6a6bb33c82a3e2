"""What an app reads of its log: pages of it, each event as it happens, and how far it can be read."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from headrace.context import current
from headrace.events.bus import type_names
from headrace.events.event import StoredEvent, Stream
from headrace.events.live.filter import LiveFilter
from headrace.events.live.live_events import LiveEvents
from headrace.events.live.viewer import Viewer
from headrace.events.read import head_position, read
from headrace.events.snapshot import fold_stream
from headrace.events.stream_fold import FoldedStream, StreamFold
from headrace.registration import Registration

S = TypeVar("S")


class Reading(Registration):
    """The part of `Headrace` that reads events."""

    def read(
        self,
        *,
        types: Collection[type | str] | None = None,
        stream: Stream | None = None,
        aggregate_type: str | None = None,
        tenant_id: str | None = None,
        user_id: str | None = None,
        correlation_id: UUID | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        after: int = 0,
        until: int | None = None,
        batch: int = 1000,
    ) -> AsyncIterator[StoredEvent]:
        """The events after a position in order, in bounded memory; see `headrace.events.read.read_batches`.

        `since` (included) and `before` (not) are moments at which events were recorded.
        """
        return read(
            self.pool,
            self.events,
            types=None if types is None else type_names(types),
            stream=stream,
            aggregate_type=aggregate_type,
            tenant_id=tenant_id,
            user_id=user_id,
            correlation_id=correlation_id,
            since=since,
            before=before,
            after=after,
            until=until,
            batch=batch,
        )

    async def load(
        self, fold: StreamFold[S], stream: Stream, *, until: int | None = None, tenant_id: str | None = None
    ) -> FoldedStream[S]:
        """The state that a fold makes of a stream, and the version it is at: what `expected=` of an append wants.

        `until` asks for the state at an earlier version. The tenant is by default the one that events are appended for
        here. A stream without events has version 0. Where the fold keeps snapshots, the events after the last are read.

            account = await app.load(balance, Stream("account", "17"))
            await app.append(Withdrawn(5), stream=Stream("account", "17"), expected=account.version)
        """
        tenant = current().tenant_id if tenant_id is None else tenant_id
        return await fold_stream(
            self.pool, self.events, fold, stream, tenant_id=tenant, until=until, now=self.clock.override()
        )

    def live(
        self,
        *,
        types: Collection[type | str] | None = None,
        stream: Stream | None = None,
        tenant_id: str | None = None,
        user_id: str | None = None,
        correlation_id: UUID | None = None,
        after: int | None = None,
        buffer: int = 1000,
    ) -> LiveEvents:
        """The events after a position (None: from now on), then each new one as it becomes readable, without end.

        All who watch in a process share one reader of the log. At most `buffer` events wait for this one; one that
        takes them too slowly is ended with ViewerDroppedError, and can go on `after` its position.

            async with app.live(types=[OrderPlaced]) as events:
                async for event in events: ...
        """
        wanted = LiveFilter(
            types=None if types is None else type_names(types),
            stream=stream,
            tenant_id=tenant_id,
            user_id=user_id,
            correlation_id=correlation_id,
        )
        return LiveEvents(self.broadcaster, Viewer(wanted, after=after, buffer=buffer))

    @asynccontextmanager
    async def live_handlers(self) -> AsyncGenerator[None]:
        """Runs the `live` handlers for a block, in a process that is no worker; `app.process()` runs them too."""
        loops = self._reactions.live(self.broadcaster)
        for loop in loops:
            loop.start()
        try:
            yield
        finally:
            for loop in loops:
                await loop.stop()

    async def position(self) -> int:
        """The safe head: every event up to it can be read, and none can still appear there."""
        return await head_position(self.pool)
