"""Calls a handler with events as they happen: at most once, in this process, for screens."""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from headrace.events.event import StoredEvent
from headrace.events.live.broadcaster import Broadcaster
from headrace.events.live.event import LiveEvent
from headrace.events.live.filter import LiveFilter
from headrace.events.live.viewer import Viewer
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

Show = Callable[[StoredEvent], Awaitable[None]]


class LiveHandling(Service):
    """Hands one handler the events of its types, one after the other, from the moment it was started.

    An event whose handler raises is recorded and not tried again. A handler that does not keep up, so that more than
    `buffer` events wait for it, misses what waits and goes on with what happens then.
    """

    def __init__(
        self,
        broadcaster: Broadcaster,
        name: str,
        *,
        wanted: LiveFilter,
        show: Show,
        telemetry: Telemetry,
        buffer: int = 1000,
    ) -> None:
        super().__init__(f"live-{name}", telemetry=telemetry)
        self._broadcaster = broadcaster
        self._handler = name
        self._wanted = wanted
        self._show = show
        self._buffer = buffer
        self._viewer: Viewer | None = None

    async def run_once(self) -> timedelta | None:
        viewer = await self._watch()
        for event in await self._broadcaster.next(viewer, most=1):
            await self._hand_over(event)
        return AGAIN if viewer.end in (None, "slow") else None

    async def stop(self, *, timeout: timedelta = timedelta(seconds=5)) -> None:
        """Lets the handler end with the event it is at; at most for `timeout`."""
        self._stopping = True
        if self._viewer is not None:
            self._broadcaster.dismiss(self._viewer)
        await super().stop(timeout=timeout)

    async def _watch(self) -> Viewer:
        """The viewer there is, or a new one where there is none or it was too slow."""
        before = self._viewer
        if before is not None and before.end != "slow":
            return before
        self._viewer = viewer = Viewer(self._wanted, after=None, buffer=self._buffer)
        self._broadcaster.admit(viewer)
        await self._broadcaster.place(viewer)
        if before is not None:
            self.telemetry.emit(
                "live.skipped",
                level=logging.WARNING,
                handler=self._handler,
                after=before.position,
                until=viewer.position,
            )
        return viewer

    async def _hand_over(self, event: LiveEvent) -> None:
        try:
            await self._show(event.stored())
        except Exception as error:  # noqa: BLE001 - at most once: the error is recorded, the next event follows
            self.telemetry.emit(
                "event.handler_failed",
                level=logging.ERROR,
                error=error,
                handler=self._handler,
                event=event.id,
                type=event.type,
            )
