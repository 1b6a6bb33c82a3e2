"""Live events over a WebSocket. See RFC 6455, and https://asgi.readthedocs.io/en/latest/specs/www.html#websocket."""

from collections.abc import Mapping, Sequence
from typing import assert_never

import msgspec

from headrace.events.live.event import LiveEvent
from headrace.events.live.viewer import End
from headrace.web.asgi import Receive, Scope, Send

SLOW, EXPIRED, UNAVAILABLE, GOING_AWAY, REFUSED = 4001, 4002, 4003, 1001, 1008
"""With which codes a socket is closed; those from 4000 on are ours to give a meaning."""


class WebSocketWire:
    """A socket that is only written to: each event is a message of JSON. What its client sends is passed over."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def begin(self) -> None:
        await self._send({"type": "websocket.accept"})

    async def tell(self, events: Sequence[LiveEvent]) -> None:
        for event in events:
            await self._send({"type": "websocket.send", "text": event.message()})

    async def beat(self, position: int | None) -> None:
        """Sends the position by itself. Pings are the server's: ASGI has none."""
        await self._say({"position": position})

    async def end(self, reason: End, position: int | None) -> None:
        await self._say({"position": position, "dropped": reason})
        await self._send({"type": "websocket.close", "code": close_code(reason), "reason": reason})

    async def until_gone(self) -> None:
        while (await self._receive())["type"] != "websocket.disconnect":
            pass

    async def _say(self, told: dict[str, object]) -> None:
        await self._send({"type": "websocket.send", "text": msgspec.json.encode(told).decode()})


def close_code(reason: End) -> int:
    """The code that says why a socket is closed."""
    match reason:
        case "slow":
            return SLOW
        case "expired":
            return EXPIRED
        case "unavailable":
            return UNAVAILABLE
        case "shutdown" | "closed":
            return GOING_AWAY
        case _:
            assert_never(reason)


async def refuse_socket(scope: Scope, send: Send, status: int, reason: str, headers: Mapping[str, str]) -> None:
    """Refuses a socket before it is opened: with a status and a reason where the server can, else it is 403."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": REFUSED, "reason": reason[:100]})
        return
    content = msgspec.json.encode({"status": status, "detail": reason})
    told = {"content-type": "application/problem+json", "content-length": str(len(content)), **headers}
    await send(
        {
            "type": "websocket.http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode()) for name, value in told.items()],
        }
    )
    await send({"type": "websocket.http.response.body", "body": content})
