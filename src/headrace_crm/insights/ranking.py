"""How insights are ranked by what their owner did with those before: pure.

    taste(kind) = (2 + accepted) / (4 + accepted + dismissed)
    rank        = score * taste(kind)

`taste` is the mean of the Beta distribution that a prior of Beta(2, 2) and the owner's answers to insights of the
kind give for the chance that the next one is accepted (Gelman and others, "Bayesian Data Analysis", chapter 2): a half
before any answer, and moved little by the first ones. Ranked so, insights stand in order of the use that is expected
of them. A kind that is always dismissed sinks, and never to nothing: something of it that matters still comes up.
"""

from typing import Final

PRIOR: Final = 2


def taste(*, accepted: int, dismissed: int) -> float:
    """The chance that the next insight of a kind is accepted, by how many were and were dismissed before.

    >>> taste(accepted=0, dismissed=0), taste(accepted=4, dismissed=0)
    (0.5, 0.75)
    """
    return (PRIOR + accepted) / (2 * PRIOR + accepted + dismissed)


def rank(score: float, *, accepted: int, dismissed: int) -> float:
    """What an insight is worth among the others of its owner, from 0 to 1."""
    return score * taste(accepted=accepted, dismissed=dismissed)
