"""An owner's insights as they are shown, and how many people rules have not looked at yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from headrace import Connection, Row, statement
from headrace_crm.errors import CrmError
from headrace_crm.insights.model import Kind, State
from headrace_crm.insights.ranking import PRIOR

_PACKAGE: Final = "headrace_crm.insights"


class InsightNotFoundError(CrmError):
    """No insight has this id."""

    def __init__(self, insight_id: UUID) -> None:
        super().__init__(f"no insight has the id {insight_id}; `crm insights` lists them")
        self.insight_id = insight_id


@dataclass(frozen=True, slots=True)
class Insight:
    """Something worth doing about a person.

    `score` is its own, `rank` what it is worth by what the owner said to others of its kind; both from 0 to 1.
    `message_ids` and `numbers` are its evidence, as of `as_of`. `found_by` is "rules", or a language model's name.
    """

    id: UUID
    owner_id: UUID
    contact_id: UUID
    name: str
    addresses: tuple[str, ...]
    kind: Kind
    state: State
    text: str
    score: float
    rank: float
    message_ids: tuple[int, ...]
    numbers: Mapping[str, float]
    as_of: datetime
    told_at: datetime
    changed_at: datetime
    found_by: str


async def list_insights(
    connection: Connection,
    owner_id: UUID,
    *,
    states: Sequence[State] = ("open",),
    kinds: Sequence[Kind] | None = None,
    contact_id: UUID | None = None,
    limit: int = 20,
) -> list[Insight]:
    """An owner's insights, the best first; of all kinds and about everybody unless said otherwise."""
    rows = await connection.fetch(
        statement(_PACKAGE, "list_insights"),
        owner_id,
        list(states),
        None if kinds is None else list(kinds),
        contact_id,
        limit,
        float(PRIOR),
    )
    return [_read(row) for row in rows]


async def read_insight(connection: Connection, insight_id: UUID) -> Insight:
    """One insight, whatever its state. Raises InsightNotFoundError."""
    found = await insights_by_id(connection, (insight_id,))
    if not found:
        raise InsightNotFoundError(insight_id)
    return found[0]


async def insights_by_id(connection: Connection, insight_ids: Sequence[UUID]) -> list[Insight]:
    """The insights of these ids that are still there, whatever their state, in the order of the ids given."""
    rows = await connection.fetch(statement(_PACKAGE, "insights_by_id"), insight_ids, float(PRIOR))
    return sorted((_read(row) for row in rows), key=lambda each: insight_ids.index(each.id))


async def count_due(connection: Connection, owner_id: UUID) -> int:
    """How many of an owner's people rules are still to look at."""
    return await connection.fetchval(statement(_PACKAGE, "count_due"), owner_id)


def _read(row: Row) -> Insight:
    return Insight(
        id=row["id"],
        owner_id=row["owner_id"],
        contact_id=row["contact_id"],
        name=row["name"],
        addresses=tuple(row["addresses"]),
        kind=row["kind"],
        state=row["state"],
        text=row["text"],
        score=row["score"],
        rank=row["rank"],
        message_ids=tuple(row["message_ids"]),
        numbers=msgspec.json.decode(row["numbers"], type=dict[str, float]),
        as_of=row["as_of"],
        told_at=row["told_at"],
        changed_at=row["changed_at"],
        found_by=row["found_by"],
    )
