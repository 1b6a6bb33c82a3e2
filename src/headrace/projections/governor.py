"""The governor of a rebuild: how much to fold at once and how long to rest, so that live work comes first. Pure."""

from dataclasses import dataclass
from datetime import timedelta

_LONGEST_REST = timedelta(seconds=10)
_FIRST_REST = timedelta(milliseconds=50)
_LEAST_SIZE = 100


@dataclass(frozen=True, slots=True)
class Pace:
    """The most events of the next batch, and the rest before it."""

    size: int
    rest: timedelta = timedelta(0)


def next_pace(
    pace: Pace,
    *,
    took: timedelta,
    behind: timedelta,
    most: int,
    aim: timedelta = timedelta(milliseconds=500),
    patience: timedelta = timedelta(seconds=2),
) -> Pace:
    """The pace after a batch that `took` so long, while live subscriptions are `behind` by so much.

    Batches grow and shrink by half or double at most, towards those that take `aim`, up to `most` events. Once live
    work is behind by more than `patience` batches are halved and rests doubled, up to ten seconds; it never stops,
    since what is behind for another reason would stop it for ever. Rests go as they came when live work has caught up.
    """
    if behind > patience:
        rest = min(_LONGEST_REST, max(_FIRST_REST, 2 * pace.rest, took))
        return Pace(max(min(_LEAST_SIZE, most), pace.size // 2), rest)
    wanted = pace.size * min(2.0, max(0.5, aim / max(took, timedelta(microseconds=1))))
    rest = pace.rest / 2
    return Pace(min(most, max(min(_LEAST_SIZE, most), int(wanted))), rest if rest >= _FIRST_REST / 2 else timedelta(0))
