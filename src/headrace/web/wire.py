"""How a viewer is told what it sees: what server-sent events and WebSockets do each in their own way."""

from collections.abc import Sequence
from typing import Protocol

from headrace.events.live.event import LiveEvent
from headrace.events.live.viewer import End


class Wire(Protocol):
    """One client's connection. Each method raises OSError where the client has gone."""

    async def begin(self) -> None:
        """Accepts the client."""
        ...

    async def tell(self, events: Sequence[LiveEvent]) -> None:
        """Sends events, in order."""
        ...

    async def beat(self, position: int | None) -> None:
        """Says that it is still there, and where a client that comes again goes on."""
        ...

    async def end(self, reason: End, position: int | None) -> None:
        """Tells why nothing more comes, and where to go on, and ends the connection."""
        ...

    async def until_gone(self) -> None:
        """Returns when the client has gone."""
        ...
