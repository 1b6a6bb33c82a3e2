"""How much a person matters to the owner, as insights weigh it: pure."""

from collections.abc import Sequence
from typing import Final

from headrace_crm.insights.model import Letter
from headrace_crm.scores.strength import strength, weight

LEAST: Final = 0.4
"""What an insight about a stranger is worth beside 1.0 for the closest person."""


def importance(letters: Sequence[Letter]) -> float:
    """From `LEAST` up to 1.0: the strength of the relationship when its last letter was written.

    Not the strength now, which falls while nothing happens: somebody close who went silent matters no less.
    """
    if not letters:
        return LEAST
    now = letters[-1].sent_at
    sent = [each.sent_at for each in letters if each.direction == "sent"]
    received = [each.sent_at for each in letters if each.direction == "received"]
    found = strength(sent=weight(sent_at=sent, now=now), received=weight(sent_at=received, now=now))
    return LEAST + (1.0 - LEAST) * found / 100.0
