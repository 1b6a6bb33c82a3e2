"""The newest events, kept so that a viewer who comes, or comes back, is brought up to date without a query."""

from collections import deque
from collections.abc import Sequence

from headrace.events.live.event import LiveEvent
from headrace.events.live.filter import LiveFilter


class Recent:
    """At most so many events, and from which position on none is missing."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._events: deque[LiveEvent] = deque()
        self._floor = 0

    def begin(self, position: int) -> None:
        """Forgets everything; what comes next follows this position."""
        self._events.clear()
        self._floor = position

    def add(self, events: Sequence[LiveEvent]) -> None:
        self._events.extend(events)
        while len(self._events) > self._most:
            self._floor = self._events.popleft().position

    def reaches(self, position: int) -> bool:
        """Whether every event after a position is here."""
        return position >= self._floor

    def after(self, position: int, wanted: LiveFilter) -> list[LiveEvent]:
        """The events after a position that fit, in order. Looks from the newest back."""
        found: list[LiveEvent] = []
        for event in reversed(self._events):
            if event.position <= position:
                break
            if wanted.fits(event):
                found.append(event)
        found.reverse()
        return found
