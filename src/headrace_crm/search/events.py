"""What happens between the owner and the assistant."""

from typing import Literal
from uuid import UUID

import msgspec

from headrace import event


@event("ai.query_executed", version=1)
class QueryExecuted(msgspec.Struct, frozen=True):
    """Something was asked: by `tool` (search, ask, contact, ...), through `channel`. `crm.question` has the words.

    `owner_id` is None where the mail of several owners was asked. `answered_by` names what wrote the answer,
    `found_count` is how many passages, people or rows it was made of.
    """

    query_id: UUID
    owner_id: UUID | None
    tool: str
    channel: Literal["cli", "mcp", "web"]
    answered_by: str
    found_count: int


@event("ai.suggestion_generated", version=1)
class SuggestionGenerated(msgspec.Struct, frozen=True):
    """Something to do was suggested; `kind` is its rule, `score` from 0 to 1. The insight's row has its words.

    `evidence` names messages and numbers: "message 12", "silent_days 30".
    """

    suggestion_id: UUID
    owner_id: UUID
    contact_id: UUID | None
    kind: str
    score: float
    evidence: tuple[str, ...] = ()


@event("ai.action_taken", version=1)
class ActionTaken(msgspec.Struct, frozen=True):
    """A suggestion was accepted or dismissed, or an assistant was let do something.

    `action` says what, `suggestion_id` is None where no suggestion led to it, `subject_id` is what it was
    done to, mostly a contact.
    """

    action_id: UUID
    owner_id: UUID | None
    action: str
    suggestion_id: UUID | None = None
    subject_id: str | None = None
    channel: Literal["cli", "mcp", "web"] = "cli"


AI_EVENTS: tuple[type, ...] = (QueryExecuted, SuggestionGenerated, ActionTaken)
