"""When a source is to be asked, and when again: decided from what it said last, without asking anybody."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

State: TypeAlias = Literal["asked", "found", "none", "pending", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPolicy:
    """How long an answer holds, by what it was; and after how long an answer that never came is asked for anew."""

    found: timedelta = timedelta(days=90)
    none: timedelta = timedelta(days=180)
    refused: timedelta = timedelta(days=1)
    unanswered: timedelta = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one source is with one contact: what it was asked for, what came of it, when it is due again."""

    state: State
    asked_for: str
    due_at: datetime | None


def due_at(state: State, now: datetime, policy: RefreshPolicy) -> datetime:
    """When a source that is now in `state` is to be asked again."""
    holds = {
        "found": policy.found,
        "none": policy.none,
        "refused": policy.refused,
        "asked": policy.unanswered,
        "pending": policy.unanswered,
    }
    return now + holds[state]


def is_due(standing: Standing | None, *, asked_for: str, now: datetime, is_forced: bool = False) -> bool:
    """True where a source is to be asked for this now.

    Never asked, asked for something else, or its answer has aged. While an answer is under way it is not asked
    again, forced or not: the one under way is as new as the next would be.
    """
    if standing is None or standing.asked_for != asked_for:
        return True
    has_aged = standing.due_at is not None and standing.due_at <= now
    if standing.state in {"asked", "pending"}:
        return has_aged
    return is_forced or has_aged
