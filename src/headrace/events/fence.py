"""The fence: when every position up to some number is committed or dead for good, decided purely.

Positions become visible out of order, so "everything after my cursor" would lose events. But a writer
holds a lock on the log from before it draws a position until its transaction (or the savepoint it drew
in) has ended. So, looked at one after the other:

    1. P, the highest visible position;
    2. H, who holds that lock now.

Whoever drew a number up to P did so before P was visible, while holding the lock: it is in H, or it
has ended. Once nobody of H holds the lock any more, no number up to P can still appear.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Epoch:
    """A position seen, and which of those who held the lock then still hold it."""

    position: int
    holders: frozenset[str]


class Settlement(NamedTuple):
    """The highest position found settled (0 for none), and the epochs that still wait."""

    position: int
    waiting: tuple[Epoch, ...]


def settle(epochs: Sequence[Epoch], *, newest: int, holders: frozenset[str]) -> Settlement:
    """Settles what can be settled, given the highest visible position and, looked at after it, the holders.

    A holder that was once seen without the lock is struck from the older epochs for good: what it drew
    under the lock it let go is decided, and what it draws later is higher. An epoch is forgotten where
    a newer one waits for no more than it does, so at most one epoch per living writer is kept,
    however long one of them stays open.
    """
    seen = [Epoch(epoch.position, epoch.holders & holders) for epoch in epochs]
    if newest > max((epoch.position for epoch in seen), default=0):
        seen.append(Epoch(newest, holders))
    settled = max((epoch.position for epoch in seen if not epoch.holders), default=0)
    waiting: list[Epoch] = []
    for epoch in sorted(seen, key=lambda one: one.position, reverse=True):
        if epoch.position > settled and not any(newer.holders <= epoch.holders for newer in waiting):
            waiting.append(epoch)
    return Settlement(settled, tuple(reversed(waiting)))
