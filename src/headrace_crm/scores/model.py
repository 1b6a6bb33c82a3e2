from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

Direction: TypeAlias = Literal["sent", "received"]
Trend: TypeAlias = Literal["growing", "steady", "fading", "new", "dormant"]


@dataclass(frozen=True, slots=True)
class Interaction:
    """One message between the owner and one person, counted once for that person.

    `direction` is the owner's view: `sent` by the owner, `received` by the owner. `sent_at` is aware; a naive
    moment raises ValueError, because it cannot be compared with `now`.
    """

    sent_at: datetime
    direction: Direction
    thread_id: str | UUID

    def __post_init__(self) -> None:
        if self.sent_at.tzinfo is None:
            raise ValueError(f"sent_at must be aware, got {self.sent_at!r}; attach its time zone")


@dataclass(frozen=True, slots=True)
class Score:
    """What the interactions with one person say at `computed_at`.

    `strength` is in [0, 100), 0.0 only without interactions. `reciprocity` is in [0, 1]: 0.0 when all goes
    one way, 1.0 when both sides weigh the same. `trend_value` is in (-1, 1): negative is less than before,
    positive more, 0.0 the same. `sent` and `received` count the interactions up to `computed_at`.
    `median_response` is the owner's time to answer them, `their_median_response` theirs to answer the owner;
    both are None when there was no answer to measure.
    """

    strength: float
    trend: Trend
    trend_value: float
    reciprocity: float
    last_interaction_at: datetime | None
    median_response: timedelta | None
    their_median_response: timedelta | None
    sent: int
    received: int
    computed_at: datetime
