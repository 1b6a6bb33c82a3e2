from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import median_high, median_low
from uuid import UUID

from headrace_crm.scores.model import Direction, Interaction


def median_responses(interactions: Iterable[Interaction]) -> tuple[timedelta | None, timedelta | None]:
    """Return the median time the owner took to answer, and that the other took; None without an answer.

    `interactions` ascend by time. A turn is a run of messages in one thread from one side; the answer is the
    other side's next message in that thread, and its time is measured from the *first* message of the turn,
    because who had to write twice has waited since the first. Turns that nobody answered are not measured:
    the median speaks of the answers that came.
    """
    turns: dict[str | UUID, tuple[Direction, datetime]] = {}
    taken: dict[Direction, list[timedelta]] = {"sent": [], "received": []}
    for interaction in interactions:
        turn = turns.get(interaction.thread_id)
        if turn is not None:
            direction, began_at = turn
            if direction == interaction.direction:
                continue
            taken[interaction.direction].append(interaction.sent_at - began_at)
        turns[interaction.thread_id] = (interaction.direction, interaction.sent_at)
    return _median(taken["sent"]), _median(taken["received"])


def _median(durations: list[timedelta]) -> timedelta | None:
    return (median_low(durations) + median_high(durations)) / 2 if durations else None
