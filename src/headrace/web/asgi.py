"""The little of ASGI that is spoken here. See https://asgi.readthedocs.io/en/latest/specs/www.html."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request, by their names in lower case; those that come more than once are joined by commas."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


async def start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    """Sends the head of a response."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )


async def body(send: Send, content: bytes, *, is_last: bool = False) -> None:
    """Sends a part of a response's body."""
    await send({"type": "http.response.body", "body": content, "more_body": not is_last})


async def problem(send: Send, status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
    """Answers with an error as RFC 9457 has it."""
    content = msgspec.json.encode({"status": status, "detail": detail})
    await start(
        send,
        status,
        {"content-type": "application/problem+json", "content-length": str(len(content)), **(headers or {})},
    )
    await body(send, content, is_last=True)


async def until_disconnected(receive: Receive) -> None:
    """Returns when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
