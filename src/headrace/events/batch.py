"""What is handled of a lane at once: events that were read, or a span of positions."""

from collections.abc import Sequence
from dataclasses import dataclass

from headrace.db.connection import Row
from headrace.events.checkpoint import HeldLane

LEAST_SPAN = 500
"""A span that fails is halved down to here; then its events are read one batch after another."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read of a lane: at most `size` rows; or nothing was, and it is all up to `span_to`."""

    held: HeldLane
    size: int
    rows: Sequence[Row] = ()
    span_to: int | None = None

    @property
    def reached(self) -> int:
        """Where the checkpoint goes: the last event of a full batch, otherwise as far as was looked."""
        if self.span_to is not None:
            return self.span_to
        return int(self.rows[-1][0]) if len(self.rows) == self.size else self.held.reach
