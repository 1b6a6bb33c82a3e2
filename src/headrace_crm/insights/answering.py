"""An owner accepts or dismisses an insight, which ranks the next ones."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from headrace import Transaction, bind, statement, uuid7
from headrace_crm.contacts.events import contact_stream
from headrace_crm.insights.model import State
from headrace_crm.insights.reading import Insight, InsightNotFoundError, read_insight
from headrace_crm.search.desk import Channel
from headrace_crm.search.events import ActionTaken

_PACKAGE: Final = "headrace_crm.insights"


async def accept(tx: Transaction, insight_id: UUID, *, now: datetime, channel: Channel = "cli") -> Insight:
    """Marks an insight as acted upon, or to be; it is told no more until it rests on something new.

    Accepting what is accepted changes nothing. Appends `ai.action_taken` otherwise. Raises InsightNotFoundError.
    """
    return await _answer(tx, insight_id, "accepted", now=now, channel=channel)


async def dismiss(tx: Transaction, insight_id: UUID, *, now: datetime, channel: Channel = "cli") -> Insight:
    """Marks an insight as of no use; the rest is as for `accept`."""
    return await _answer(tx, insight_id, "dismissed", now=now, channel=channel)


async def _answer(
    tx: Transaction, insight_id: UUID, answer: Literal["accepted", "dismissed"], *, now: datetime, channel: Channel
) -> Insight:
    row = await tx.fetchrow(statement(_PACKAGE, "lock_insight"), insight_id)
    if row is None:
        raise InsightNotFoundError(insight_id)
    if row["state"] != answer:
        accepted, dismissed = counted(row["state"], answer)
        await tx.execute(statement(_PACKAGE, "answer_insight"), insight_id, answer, now)
        await tx.execute(statement(_PACKAGE, "count_answer"), row["owner_id"], row["kind"], accepted, dismissed)
        taken = ActionTaken(
            uuid7(),
            row["owner_id"],
            f"insight.{answer}",
            suggestion_id=insight_id,
            subject_id=str(row["contact_id"]),
            channel=channel,
        )
        with bind(user_id=str(row["owner_id"])):
            await tx.append(taken, stream=contact_stream(row["contact_id"]))
    return await read_insight(tx.connection, insight_id)


def counted(before: State, answer: Literal["accepted", "dismissed"]) -> tuple[int, int]:
    """What an answer adds to how many were accepted, and dismissed: one that takes back another takes it off.

    >>> counted("open", "accepted"), counted("accepted", "dismissed")
    ((1, 0), (-1, 1))
    """
    return (
        (answer == "accepted") - (before == "accepted"),
        (answer == "dismissed") - (before == "dismissed"),
    )
