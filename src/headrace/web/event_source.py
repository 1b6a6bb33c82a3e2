"""Server-sent events. See https://html.spec.whatwg.org/multipage/server-sent-events.html."""

import random
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from headrace.events.live.event import LiveEvent
from headrace.events.live.viewer import End
from headrace.web.asgi import Receive, Send, body, start, until_disconnected

HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
}

_CHUNK_BYTES = 64 * 1024


class EventSourceWire:
    """A response that does not end by itself; `retry` is how long its client waits before it comes again."""

    def __init__(self, receive: Receive, send: Send, *, retry: timedelta) -> None:
        self._receive = receive
        self._send = send
        self._retry = retry

    async def begin(self) -> None:
        await start(self._send, 200, HEADERS)
        # Spread, so that those who were sent away together do not come back together.
        retry = self._retry.total_seconds() * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, no secret
        await body(self._send, b"retry: %d\n\n" % (retry * 1000))

    async def tell(self, events: Sequence[LiveEvent]) -> None:
        chunk = bytearray()
        for event in events:
            chunk += event.frame()
            if len(chunk) >= _CHUNK_BYTES:
                await body(self._send, bytes(chunk))
                chunk.clear()
        if chunk:
            await body(self._send, bytes(chunk))

    async def beat(self, position: int | None) -> None:
        """Sends a comment, and the position by itself, which makes no event."""
        await body(self._send, b":\n\n" if position is None else b":\nid: %d\n\n" % position)

    async def end(self, reason: End, position: int | None) -> None:
        told = msgspec.json.encode({"reason": reason, "position": position})
        place = b"" if position is None else b"id: %d\n" % position
        await body(self._send, b"%sevent: dropped\ndata: %s\n\n" % (place, told), is_last=True)

    async def until_gone(self) -> None:
        await until_disconnected(self._receive)
