from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter

from headrace_crm.scores.model import Interaction, Score
from headrace_crm.scores.responses import median_responses
from headrace_crm.scores.strength import reciprocity, strength, weight
from headrace_crm.scores.trend import trend

_in_time = attrgetter("sent_at", "direction")


def score(interactions: Sequence[Interaction], *, now: datetime) -> Score:
    """Return the score of one person's interactions as of `now`; later ones are not seen.

    The order of `interactions` does not matter; in ascending order the work is linear, else it costs a sort.
    No interactions give strength 0.0, `dormant`, and None for every time. The formulas and their sources are
    in `strength`, `trend` and `responses`. `now` is aware; a naive one raises ValueError.

    >>> from datetime import UTC, datetime
    >>> now = datetime(2026, 3, 1, tzinfo=UTC)
    >>> asked = Interaction(sent_at=datetime(2026, 2, 1, 9, tzinfo=UTC), direction="received", thread_id="a")
    >>> answered = Interaction(sent_at=datetime(2026, 2, 1, 12, tzinfo=UTC), direction="sent", thread_id="a")
    >>> result = score([asked, answered], now=now)
    >>> round(result.strength, 1), result.trend, str(result.median_response)
    (48.1, 'new', '3:00:00')
    """
    if now.tzinfo is None:
        raise ValueError(f"now must be aware, got {now!r}; use datetime.now(UTC)")
    seen = sorted((each for each in interactions if each.sent_at <= now), key=_in_time)
    sent = [each.sent_at for each in seen if each.direction == "sent"]
    received = [each.sent_at for each in seen if each.direction == "received"]
    weight_sent = weight(sent_at=sent, now=now)
    weight_received = weight(sent_at=received, now=now)
    word, value = trend(sent_at=[each.sent_at for each in seen], now=now)
    ours, theirs = median_responses(seen)
    return Score(
        strength=strength(sent=weight_sent, received=weight_received),
        trend=word,
        trend_value=value,
        reciprocity=reciprocity(sent=weight_sent, received=weight_received),
        last_interaction_at=seen[-1].sent_at.astimezone(UTC) if seen else None,
        median_response=ours,
        their_median_response=theirs,
        sent=len(sent),
        received=len(received),
        computed_at=now.astimezone(UTC),
    )
