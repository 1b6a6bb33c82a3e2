"""Whether everything that follows from an owner's mail has been done, insights too."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from headrace import Connection
from headrace_crm.insights.reading import count_due
from headrace_crm.scores.settling import Backlog, settled


async def settled_with_insights(connection: Connection, owner_id: UUID, *, now: datetime) -> Backlog:
    """What is left to do for an owner, as `settled` says; where that is nothing, the people insights are to look at."""
    left = await settled(connection, owner_id, now=now)
    return replace(left, insights=await count_due(connection, owner_id)) if left.is_settled else left
