"""The messages that insights rest on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from headrace import Connection, statement
from headrace_crm.insights.reading import Insight

_PACKAGE: Final = "headrace_crm.insights"


@dataclass(frozen=True, slots=True)
class EvidenceMessage:
    """A message as it is shown beside an insight."""

    id: int
    subject: str
    direction: str
    sent_at: datetime


async def evidence_of(connection: Connection, insights: Iterable[Insight]) -> dict[int, EvidenceMessage]:
    """The messages that these insights rest on, by id; those that were removed since are left out."""
    ids = sorted({message_id for insight in insights for message_id in insight.message_ids})
    rows = await connection.fetch(statement(_PACKAGE, "evidence"), ids) if ids else []
    return {row["id"]: EvidenceMessage(row["id"], row["subject"], row["direction"], row["sent_at"]) for row in rows}
