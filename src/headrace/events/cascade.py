"""Cascades: handlers of events that make events. How deep one is, whether it runs in a circle, and where it ends.

The way from handler to handler is kept with every event and job that comes of it, as lines of text: one *hop*
for each handler of an event, `order.placed > revenue`.
"""

from headrace.errors import HeadraceError

MOST_HOPS = 32
"""The most handlers one after the other; an event after so many is refused."""

MOST_EVENTS = 10_000
"""The most events of one correlation that lie deep in a cascade."""

DEEP = 4
"""From so many handlers on, events count towards MOST_EVENTS; the index that counts them knows the number."""

_LONGEST_HOP = 200


class CascadeError(HeadraceError):
    """Handlers of events have set each other off too often; the event was not appended."""

    def __init__(self, event_type: str, path: str | None, reason: str) -> None:
        super().__init__(
            f"event {event_type!r} is refused, {reason}: {told(path)} > {event_type}; "
            "break the circle, or enqueue a job with a delay where it is meant to go on"
        )
        self.event_type = event_type
        self.path = path
        self.reason = reason


def hop(event_type: str, handler: str) -> str:
    """One step of a path."""
    return f"{event_type} > {handler}".replace("\n", " ")[:_LONGEST_HOP]


def hops(path: str | None) -> list[str]:
    """The steps of a path, the first one first."""
    return path.split("\n") if path else []


def extended(path: str | None, step: str) -> str:
    """A path with one more step."""
    return step if not path else f"{path}\n{step}"


def circle(path: str | None, step: str) -> list[str] | None:
    """The steps from a handler of a type back to itself, where this step closes the circle for the first time."""
    known = hops(path)
    return [*known[known.index(step) :], step] if known.count(step) == 1 else None


def is_deep(path: str | None) -> bool:
    """Whether an event of this path counts towards the budget of its correlation."""
    return path is not None and path.count("\n") + 1 >= DEEP


def require_shallow(event_type: str, path: str | None) -> None:
    """Raises CascadeError for an event after more than MOST_HOPS handlers."""
    if path is not None and path.count("\n") >= MOST_HOPS:
        raise CascadeError(event_type, path, f"more than {MOST_HOPS} handlers have set each other off")


def told(path: str | None, *, most: int = 8) -> str:
    """A path in one line, its middle left out where it is long."""
    known = hops(path)
    if len(known) > most:
        half = most // 2
        known = [*known[:half], f"({len(known) - most} more)", *known[-half:]]
    return " > ".join(known)
