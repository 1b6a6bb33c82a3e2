"""Columns of small charts, in the units of their drawing: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from headrace_crm.activity.summary import ActivityDay

WIDTH: Final = 1000
HEIGHT: Final = 100
_LEAST: Final = 2.0
"""What a day with anything at all is high, so that it is seen."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column, measured from the left and from above, with what it stands for."""

    label: str
    value: int
    x: float
    y: float
    width: float
    height: float


def columns(values: Sequence[tuple[str, int]]) -> list[Column]:
    """Columns side by side, the highest as high as the drawing; those without anything have no height.

    >>> [(column.y, column.height) for column in columns([("Mon", 2), ("Tue", 1), ("Wed", 0)])]
    [(0.0, 100.0), (50.0, 50.0), (100.0, 0.0)]
    """
    most = max((value for _, value in values), default=0)
    step = WIDTH / max(1, len(values))
    found: list[Column] = []
    for index, (label, value) in enumerate(values):
        height = max(_LEAST, value / most * HEIGHT) if value else 0.0
        found.append(Column(label, value, index * step, HEIGHT - height, step * 0.8, height))
    return found


def every_day(by_day: Sequence[ActivityDay], *, last: date, days: int) -> list[tuple[str, int]]:
    """The messages of each of `days` days that end with `last`, those without any too."""
    counts = {each.day: each.emails for each in by_day}
    first = last - timedelta(days=days - 1)
    return [(day.isoformat(), counts.get(day, 0)) for day in (first + timedelta(days=number) for number in range(days))]
