"""Lines of charts as SVG paths: drawn here alone, so that a browser only puts them in place. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

_MOST_POINTS = 300


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of a drawing in its own units; its top and bottom keep a unit free for the line's width."""

    width: int
    height: int


def ceiling(value: float) -> float:
    """The round number a chart's axis ends with: 1, 2 or 5 times a power of ten, at least 1."""
    if value <= 1:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= value)


def line(points: Sequence[tuple[float, float]], frame: Frame) -> str:
    """The path through points given as shares of the frame, from left and from below; empty for less than two."""
    shown = _thinned(points)
    if len(shown) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    places = [
        f"{max(0.0, x) * frame.width:.1f} {1 + (1 - min(1.0, max(0.0, y))) * (frame.height - 2):.1f}" for x, y in shown
    ]
    return "M" + "L".join(places)


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most so many of the points: the highest of each stretch, so that no peak is lost, and the last."""
    if len(points) <= _MOST_POINTS:
        return list(points)
    size = -(-len(points) // (_MOST_POINTS - 1))
    kept = [max(points[start : start + size], key=lambda one: one[1]) for start in range(0, len(points) - 1, size)]
    return [*kept, points[-1]]
