"""One response of server-sent events: what a viewer sees, from its first line to its last."""

import asyncio
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

import msgspec

from headrace.db.pool import CONNECTION_ERRORS
from headrace.errors import ConfigurationError
from headrace.events.live.broadcaster import Broadcaster
from headrace.events.live.viewer import End, Viewer
from headrace.web.asgi import Receive, Send, body, start, until_disconnected

HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
}

_CHUNK_BYTES = 64 * 1024
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

    async def run(self, receive: Receive, send: Send) -> None:
        """Answers the request; returns when the response has ended."""
        loop = asyncio.get_running_loop()
        viewer, broadcaster = self._viewer, self._broadcaster
        gone = loop.create_task(self._dismiss_when_gone(receive))
        expiry = loop.call_later(self._pace.lifetime.total_seconds(), broadcaster.dismiss, viewer, "expired")
        try:
            # A client that reads nothing may hold up what is sent last, but not for ever.
            async with asyncio.timeout(None) as limit:
                viewer.on_end = lambda end: limit.reschedule(loop.time() + self._grace(end))
                await self._send_all(send)
        except (OSError, TimeoutError):
            return  # it has gone, or reads no more
        finally:
            viewer.on_end = None
            expiry.cancel()
            gone.cancel()
            await asyncio.wait({gone})

    async def _dismiss_when_gone(self, receive: Receive) -> None:
        try:
            await until_disconnected(receive)
        finally:
            self._broadcaster.dismiss(self._viewer)

    async def _send_all(self, send: Send) -> None:
        viewer, heartbeat = self._viewer, self._pace.heartbeat.total_seconds()
        await start(send, 200, HEADERS)
        # Spread, so that those who were sent away together do not come back together.
        retry = self._pace.retry.total_seconds() * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, no secret
        await body(send, b"retry: %d\n\n" % (retry * 1000))
        while viewer.end is None:
            try:
                events = await self._broadcaster.next(viewer, most=_TAKEN_AT_ONCE, seconds=heartbeat)
            except CONNECTION_ERRORS:
                self._broadcaster.dismiss(viewer, "unavailable")
                break
            chunk = bytearray()
            for event in events:
                chunk += event.frame()
                if len(chunk) >= _CHUNK_BYTES:
                    await body(send, bytes(chunk))
                    chunk.clear()
            if not events and viewer.end is None:
                chunk += _heartbeat(viewer)
            if chunk:
                await body(send, bytes(chunk))
        if viewer.end != "closed":
            await body(send, _farewell(viewer), is_last=True)

    def _grace(self, end: End) -> float:
        match end:
            case "slow" | "expired" | "unavailable":
                return self._pace.farewell.total_seconds()
            case "shutdown" | "closed":
                return self._pace.haste.total_seconds()
            case _:
                assert_never(end)


def _heartbeat(viewer: Viewer) -> bytes:
    """A comment, and the position by itself: no event, but where a client that comes again goes on."""
    return b":\n\n" if viewer.position is None else b":\nid: %d\n\n" % viewer.position


def _farewell(viewer: Viewer) -> bytes:
    """Tells why the stream ends, and where to go on."""
    told = msgspec.json.encode({"reason": viewer.end, "position": viewer.position})
    place = b"" if viewer.position is None else b"id: %d\n" % viewer.position
    return b"%sevent: dropped\ndata: %s\n\n" % (place, told)
