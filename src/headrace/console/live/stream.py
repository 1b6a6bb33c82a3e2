"""The stream of a browser: a snapshot first, then every change, until it goes, its session ends or the server stops."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request

from headrace.console.live.pulse import Pulse
from headrace.console.page import site_of
from headrace.web.asgi import Receive, Scope, Send, body, start, until_disconnected
from headrace.web.event_source import HEADERS

_PING_SECONDS = 15.0
_RECHECK_SECONDS = 10.0
_RETRY = b"retry: 1500\n\n"


class PulseStream:
    """One response of server-sent events. `is_welcome` is asked every ten seconds whether the session still holds."""

    def __init__(self, pulse: Pulse, *, version: str, is_welcome: Callable[[], Awaitable[bool]]) -> None:
        self._pulse = pulse
        self._version = version
        self._is_welcome = is_welcome

    @classmethod
    async def of(cls, request: Request) -> "PulseStream":
        """Answers a request for the stream."""
        site = site_of(request)

        async def is_welcome() -> bool:
            return await site.authenticate(request) is not None

        return cls(site.pulse, version=site.version, is_welcome=is_welcome)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        gone = asyncio.create_task(until_disconnected(receive))
        sending = asyncio.create_task(self._send(send))
        self._pulse.begin()
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            self._pulse.leave()
            for task in (gone, sending):
                task.cancel()
            await asyncio.wait({gone, sending})

    async def _send(self, send: Send) -> None:
        await start(send, 200, HEADERS)
        hello = msgspec.json.encode({"version": self._version})
        await body(send, _RETRY + b"event: hello\ndata: %s\n\n" % hello)
        seen = -1  # nothing: the first frame is a snapshot
        sent_at = checked_at = time.monotonic()
        while not self._pulse.is_over:
            if self._pulse.number > max(seen, 0):
                # The frame and its number at once: a look may come while it is sent.
                frame, seen = self._pulse.frame(seen), self._pulse.number
                await body(send, frame)
                sent_at = time.monotonic()
            elif time.monotonic() - sent_at > _PING_SECONDS:
                await body(send, b": ping\n\n")
                sent_at = time.monotonic()
            if time.monotonic() - checked_at > _RECHECK_SECONDS:
                if not await self._is_welcome():
                    await body(send, b"event: signed-out\ndata: {}\n\n", is_last=True)
                    return
                checked_at = time.monotonic()
            await self._pulse.beyond(max(seen, 0), seconds=_PING_SECONDS / 3)
        await body(send, b"event: bye\ndata: {}\n\n", is_last=True)
