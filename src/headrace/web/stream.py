"""One stream: what a viewer sees, from its beginning to its end, over whatever wire."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from headrace.db.pool import CONNECTION_ERRORS
from headrace.errors import ConfigurationError
from headrace.events.live.broadcaster import Broadcaster
from headrace.events.live.viewer import End, Viewer
from headrace.web.wire import Wire

_TAKEN_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The times of a stream.

    `heartbeat` is how long nothing may be sent, `lifetime` how long a stream lasts before its client has to come again
    and is authorised anew, `retry` how long clients wait before that, a half more or less. `farewell` is how long a
    client that was dropped may take to read what it is sent last, `haste` the same when the server stops.
    """

    heartbeat: timedelta = timedelta(seconds=15)
    lifetime: timedelta = timedelta(hours=1)
    retry: timedelta = timedelta(seconds=2)
    farewell: timedelta = timedelta(seconds=5)
    haste: timedelta = timedelta(milliseconds=500)

    def __post_init__(self) -> None:
        for name in ("heartbeat", "lifetime", "retry", "farewell", "haste"):
            if getattr(self, name) <= timedelta(0):
                raise ConfigurationError(f"{name} must be positive, got {getattr(self, name)}; use timedelta(...)")


class EventStream:
    """Sends a viewer what it sees, until it is ended or its client goes."""

    def __init__(self, broadcaster: Broadcaster, viewer: Viewer, *, pace: Pace) -> None:
        self._broadcaster = broadcaster
        self._viewer = viewer
        self._pace = pace

    async def run(self, wire: Wire) -> None:
        """Serves the client; returns when the stream has ended."""
        loop = asyncio.get_running_loop()
        viewer, broadcaster = self._viewer, self._broadcaster
        gone = loop.create_task(self._dismiss_when_gone(wire))
        expiry = loop.call_later(self._pace.lifetime.total_seconds(), broadcaster.dismiss, viewer, "expired")
        try:
            # A client that reads nothing may hold up what is sent last, but not for ever.
            async with asyncio.timeout(None) as limit:
                viewer.on_end = lambda end: limit.reschedule(loop.time() + self._grace(end))
                await self._tell_all(wire)
        except (OSError, TimeoutError):
            return  # it has gone, or reads no more
        finally:
            viewer.on_end = None
            expiry.cancel()
            gone.cancel()
            await asyncio.wait({gone})

    async def _dismiss_when_gone(self, wire: Wire) -> None:
        try:
            await wire.until_gone()
        finally:
            self._broadcaster.dismiss(self._viewer)

    async def _tell_all(self, wire: Wire) -> None:
        viewer, heartbeat = self._viewer, self._pace.heartbeat.total_seconds()
        await wire.begin()
        while viewer.end is None:
            try:
                events = await self._broadcaster.next(viewer, most=_TAKEN_AT_ONCE, seconds=heartbeat)
            except CONNECTION_ERRORS:
                self._broadcaster.dismiss(viewer, "unavailable")
                break
            if events:
                await wire.tell(events)
            elif viewer.end is None:
                await wire.beat(viewer.position)
        if viewer.end not in (None, "closed"):
            await wire.end(viewer.end, viewer.position)

    def _grace(self, end: End) -> float:
        match end:
            case "slow" | "expired" | "unavailable":
                return self._pace.farewell.total_seconds()
            case "shutdown" | "closed":
                return self._pace.haste.total_seconds()
            case _:
                assert_never(end)
