"""What a viewer asks for over HTTP, and what it is granted."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs
from uuid import UUID

from headrace.errors import HeadraceError
from headrace.events.event import Stream
from headrace.events.live.filter import LiveFilter
from headrace.web.asgi import Scope, headers_of

_LARGEST_POSITION = 2**63 - 1


class BadRequestError(HeadraceError):
    """A request cannot be read; its sender is told why."""


@dataclass(frozen=True, slots=True)
class LiveRequest:
    """A request for live events: what of them is wanted, and who asks, as far as it says.

    Names of `headers` are in lower case; those that come more than once are joined by commas. `query` has all values
    of each parameter. `scope` is that of ASGI, with what middleware has put there, such as a session. `after` is
    the position to go on from, None for the present one.
    """

    wanted: LiveFilter
    after: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    scope: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, scope: Scope) -> Self:
        """The request of a scope. Raises BadRequestError where a parameter cannot be read."""
        headers = headers_of(scope)
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if any("\0" in value for values in query.values() for value in values):
            raise BadRequestError("a parameter has a NUL character, which no event can have")
        wanted = LiveFilter(
            types=frozenset(query["type"]) if "type" in query else None,
            stream=_stream(_one(query, "stream")),
            tenant_id=_one(query, "tenant"),
            user_id=_one(query, "user"),
            correlation_id=_uuid(_one(query, "correlation")),
        )
        # A browser that reconnects asks the same address again, and says in the header how far it has got.
        # A WebSocket of a browser cannot send headers, and names it in the address.
        after = headers.get("last-event-id") or _one(query, "last-event-id") or _one(query, "after")
        return cls(wanted, _position(after), headers, query, scope)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Says no to a request: an HTTP status and the reason that the client is told."""

    status: int = 403
    reason: str = "these events are not for you"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Authorize = Callable[[LiveRequest], Awaitable[LiveFilter | Refusal]]
"""Says which events a client may see at most; what it asks for is narrowed to them."""


def _one(query: Mapping[str, list[str]], name: str) -> str | None:
    values = query.get(name, [])
    if len(values) > 1:
        raise BadRequestError(f"{name} may be given once, got {len(values)} of it")
    return values[0] if values else None


def _stream(value: str | None) -> Stream | None:
    if value is None:
        return None
    kind, slash, name = value.partition("/")
    if not (kind and slash and name):
        raise BadRequestError(f"stream must be TYPE/ID, got {value!r}")
    return Stream(kind, name)


def _uuid(value: str | None) -> UUID | None:
    try:
        return None if value is None else UUID(value)
    except ValueError as error:
        raise BadRequestError(f"correlation must be a UUID, got {value!r}") from error


def _position(value: str | None) -> int | None:
    if value is None or value == "":
        return None
    if not (value.isascii() and value.isdigit()) or int(value[:20]) > _LARGEST_POSITION:
        raise BadRequestError(f"after and Last-Event-ID must be a position, got {value[:40]!r}")
    return int(value)
