"""`LiveEvents`: what `app.live(...)` gives, to iterate over events as they happen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Self

from headrace.errors import ViewerDroppedError
from headrace.events.event import StoredEvent
from headrace.events.live.broadcaster import Broadcaster
from headrace.events.live.viewer import Viewer


class LiveEvents(AsyncIterator[StoredEvent]):
    """The events that fit, from a position on or from now on, without end.

    Use it as a context manager to let go of it at once after the block. Entering it also fixes where "now" is. It
    ends when the app is closed. Raises ViewerDroppedError where the loop's body is too slow for what happens, and
    UnknownEventError or InvalidEventError at an event that cannot be decoded; iterating again goes on behind it.
    """

    def __init__(self, broadcaster: Broadcaster, viewer: Viewer) -> None:
        self._loop = asyncio.get_running_loop()
        self._broadcaster = broadcaster
        self._viewer = viewer
        broadcaster.admit(viewer)

    @property
    def position(self) -> int | None:
        """Every event up to here that fits has been handed out; None before it is known. `after=` goes on from it."""
        return self._viewer.position

    async def __aenter__(self) -> Self:
        await self._broadcaster.place(self._viewer)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StoredEvent:
        events = await self._broadcaster.next(self._viewer, most=1)
        if events:
            return events[0].stored()
        if self._viewer.end == "slow":
            raise ViewerDroppedError(self._viewer.position or 0, buffer=self._viewer.buffer)
        raise StopAsyncIteration

    def close(self) -> None:
        """Ends it; may be called again."""
        self._broadcaster.dismiss(self._viewer)

    def __del__(self) -> None:
        # A loop that was left by `break`. The collector may run in any thread, and the event loop may be closed.
        with suppress(RuntimeError, AttributeError):
            if self._viewer.end is None:
                self._loop.call_soon_threadsafe(self._broadcaster.dismiss, self._viewer)
