"""Whether everything that follows from an owner's mail has been done."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Connection, statement
from headrace_crm.mail.owners import owner_as_of
from headrace_crm.search.backlog import search_backlog

_PACKAGE: Final = "headrace_crm.scores"


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is left to do for an owner: imports under way, messages, addresses and people to judge, stats, scores.

    `unfound` are messages that search does not know yet, and passages without a vector; they are counted only
    where nothing else is left. `insights` are people whom insights are to look at again: who waits for those too
    counts them.
    """

    imports: int
    messages: int
    addresses: int
    stats: int
    scores: int
    unfound: int = 0
    insights: int = 0

    @property
    def is_settled(self) -> bool:
        """True when nothing is left."""
        return not (
            self.imports
            or self.messages
            or self.addresses
            or self.stats
            or self.scores
            or self.unfound
            or self.insights
        )


async def settled(connection: Connection, owner_id: UUID, *, now: datetime) -> Backlog:
    """What is left to do for an owner at `now`; the caller waits until `is_settled`.

    Read from the data itself and not from queues: messages without people found, contacts whose stats do
    not count all their interactions, scores that were made from older stats or, where the owner's scores
    take a fixed moment for now, for another one.
    """
    as_of = await owner_as_of(connection, owner_id, now=now)
    row = await connection.fetchrow(statement(_PACKAGE, "backlog"), owner_id, as_of)
    assert row is not None  # noqa: S101 - an aggregate always has a row
    left = Backlog(row["imports"], row["messages"], row["addresses"], row["stats"], row["scores"])
    if not left.is_settled:
        return left
    unfound = await search_backlog(connection, owner_id)
    return replace(left, unfound=unfound.messages + unfound.passages)
