"""Reads what scores are made of, and writes them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Connection, Row, statement
from headrace_crm.scores.model import Interaction, Score

_PACKAGE: Final = "headrace_crm.scores"


@dataclass(frozen=True, slots=True)
class ScoreBasis:
    """A contact, locked, and the version of its stats when it was."""

    contact_id: UUID
    owner_id: UUID
    stats_version: int


async def lock_basis(connection: Connection, contact_id: UUID) -> ScoreBasis | None:
    """Locks a contact against other score jobs, to the end of the transaction; None where it is gone."""
    owner_id = await connection.fetchval(statement(_PACKAGE, "lock_contact"), contact_id)
    if owner_id is None:
        return None
    # Read before the interactions, so that the score knows at least what this version says.
    version = await connection.fetchval(statement(_PACKAGE, "stats_version"), contact_id)
    return ScoreBasis(contact_id, owner_id, version or 0)


async def list_interactions(connection: Connection, contact_id: UUID) -> list[Interaction]:
    """A contact's interactions in ascending order of time."""
    rows = await connection.fetch(statement(_PACKAGE, "list_interactions"), contact_id)
    return [read_interaction(row) for row in rows]


def read_interaction(row: Row) -> Interaction:
    """An interaction of a row with occurred_at, direction and thread_id."""
    return Interaction(row["occurred_at"], row["direction"], str(row["thread_id"]))


async def write_score(connection: Connection, basis: ScoreBasis, score: Score) -> None:
    """Stores a contact's score in place of the one it had; the contact must be locked."""
    await connection.execute(
        statement(_PACKAGE, "write_score"),
        basis.contact_id,
        basis.owner_id,
        score.strength,
        score.trend,
        score.trend_value,
        score.reciprocity,
        score.last_interaction_at,
        score.median_response,
        score.their_median_response,
        score.sent,
        score.received,
        score.computed_at,
        basis.stats_version,
    )


async def contacts_scored_otherwise(connection: Connection, owner_id: UUID, as_of: datetime) -> list[UUID]:
    """An owner's contacts whose score takes another moment for now, in id order."""
    rows = await connection.fetch(statement(_PACKAGE, "contacts_scored_otherwise"), owner_id, as_of)
    return [row["contact_id"] for row in rows]
