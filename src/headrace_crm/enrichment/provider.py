"""What enrichment asks of a provider, whoever it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from headrace_crm.enrichment.outcome import Answer, Limited, Nothing, Outcome, Refused
from headrace_crm.enrichment.profile import Asked, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Whom a provider is asked about.

    `linkedin` is the path of a profile below linkedin.com/in/, where one is sure enough. `token` comes back with a
    webhook, if the provider has one.
    """

    email: str
    name: str
    linkedin: str | None = None
    token: str | None = None


class Provider(Protocol):
    """A source that answers about one person at a time."""

    @property
    def source(self) -> Asked: ...

    @property
    def most(self) -> int:
        """The most that one look-up costs, in millionths of a dollar."""
        ...

    async def look_up(self, query: Query, *, now: datetime) -> Answer[Outcome]:
        """Asks once. Raises ProviderUnavailableError where there was no answer at all, and nothing else."""
        ...


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account on a network as it is kept between two calls: JSON of the plainest kind."""

    id: str
    handle: str
    name: str = ""
    bio: str = ""
    location: str = ""
    website: str = ""
    followers: int = 0
    posts: int = 0
    is_protected: bool = False


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of those handles that have one, and the handles of those that have none; all lower-case."""

    found: Mapping[str, Account]
    absent: frozenset[str]


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A public post: when, and what it is about."""

    created_at: datetime | None = None
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Posts:
    """An account's newest posts, the newest first."""

    posts: Sequence[Post]


class Network(Protocol):
    """A source where accounts are looked up by handle, many at once, and then read."""

    source: Literal["x"]
    accounts_at_once: int
    account_price: int
    """What one account costs, in millionths of a dollar."""
    posts_at_once: int
    post_price: int

    async def accounts(self, handles: Sequence[str], *, now: datetime) -> Answer[Accounts | Refused | Limited]:
        """Looks up to `accounts_at_once` handles up in one call. Raises ProviderUnavailableError."""
        ...

    async def posts(self, account: Account, *, now: datetime) -> Answer[Posts | Nothing | Refused | Limited]:
        """Reads up to `posts_at_once` of an account's newest posts. Raises ProviderUnavailableError."""
        ...

    def profile(self, account: Account, posts: Sequence[Post], *, confidence: float, now: datetime) -> Profile:
        """What account and posts say about the person, each field as sure as the account is theirs."""
        ...
