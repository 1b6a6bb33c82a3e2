"""What comes of asking a provider: found, none, pending, refused or limited; each a value, none an exception."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Literal, TypeAlias, TypeVar

from headrace_crm.enrichment.profile import Profile
from headrace_crm.errors import CrmError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """The provider knows the person."""

    profile: Profile


@dataclass(frozen=True, slots=True)
class Nothing:
    """The provider does not know the person."""


@dataclass(frozen=True, slots=True)
class Pending:
    """The provider is looking; ask again `after`, unless its webhook answers first."""

    after: timedelta


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider will not answer: about this `person`, or, by `scope` "source", about anybody.

    `is_capped` tells a cap on usage, which ends with the billing cycle, from wrong credentials or a plan
    that does not include it. `reason` is for people, and holds no secret.
    """

    reason: str
    scope: Literal["person", "source"] = "source"
    is_capped: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Limited:
    """Too much was asked; nothing may be asked before `until`."""

    until: datetime
    reason: str


Outcome: TypeAlias = Found | Nothing | Pending | Refused | Limited


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """An outcome and what it costs, in millionths of a dollar.

    `resting_until` is set where the provider says that the limit is used up by this very answer: the next
    call would be refused until then.
    """

    outcome: T
    charged: int = 0
    resting_until: datetime | None = field(default=None, kw_only=True)


class ProviderUnavailableError(CrmError):
    """A provider could not be reached, failed, or answered what cannot be read; ask again later.

    `is_billed` is False where it answered in full that it failed, which costs nothing. A connection that was cut or
    timed out may have cost what the answer would have.
    """

    def __init__(self, source: str, reason: str, *, is_billed: bool) -> None:
        super().__init__(f"{source} gave no answer: {reason}; it is asked again later")
        self.source = source
        self.is_billed = is_billed
