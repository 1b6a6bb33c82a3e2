"""A model of flows: random graphs, and in which state each job must end."""

import random
from dataclasses import dataclass
from typing import Literal

from headrace.jobs.job import OnFailed

Fate = Literal["completed", "failed", "dead", "cancelled"]
End = Literal["completed", "failed", "dead", "cancelled", "held"]
FATES: tuple[Fate, ...] = ("completed", "failed", "dead", "cancelled")
POLICIES: tuple[OnFailed, ...] = ("cancel", "run", "hold")


@dataclass(frozen=True, slots=True)
class Part:
    """One job of a graph: what it waits for, and how it ends where it runs."""

    depends_on: tuple[int, ...]
    policy: OnFailed
    fate: Fate


def ends(parts: list[Part]) -> list[End]:
    """The state each job must end in. It cannot depend on the order in which the others end.

    A cancelling dependency cancels; else one that holds, holds. A held job never ends, so what waits
    for it is held too, unless another of its dependencies cancels it.
    """
    found: list[End] = []
    for part in parts:
        before = [found[one] for one in part.depends_on]
        has_failure = any(end not in ("completed", "held") for end in before)
        if part.policy == "cancel" and has_failure:
            found.append("cancelled")
        elif "held" in before or (part.policy == "hold" and has_failure):
            found.append("held")
        else:
            found.append(part.fate)
    return found


def random_parts(count: int, *, seed: int, failing: float, widest: int = 4) -> list[Part]:
    """A graph of jobs, each depending on up to `widest` earlier ones, mostly near ones.

    Only late ones hold: what waits for a held job is held, so that early ones would leave little to run.
    """
    chance = random.Random(seed)
    return [
        Part(
            depends_on=_earlier(number, chance, widest=widest),
            policy=chance.choices(POLICIES, weights=(4, 10, number > count * 0.7))[0],
            fate=chance.choice(FATES[1:]) if chance.random() < failing else "completed",
        )
        for number in range(count)
    ]


def _earlier(number: int, chance: random.Random, *, widest: int) -> tuple[int, ...]:
    if not number:
        return ()
    return tuple({max(0, number - 1 - int(chance.expovariate(0.1))) for _ in range(chance.randint(0, widest))})
