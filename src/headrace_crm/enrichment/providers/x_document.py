"""The part of X's API v2 that is read: shapes of its answers, in both spellings its documents have."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from headrace_crm.enrichment.provider import Account, Post

USER_FIELDS: Final = "created_at,description,entities,location,name,protected,public_metrics,url,username"
POST_FIELDS: Final = "context_annotations,created_at,entities,public_metrics"
_MOST_TOPICS: Final = 8


class Problem(msgspec.Struct):
    """An error as X words it: `type` is an address whose last segment names what is wrong."""

    type: str = ""
    title: str = ""
    detail: str = ""
    value: str = ""
    resource_id: str = ""

    @property
    def name(self) -> str:
        """The last segment of the type; the host before it is not always the same."""
        return urlsplit(self.type).path.rstrip("/").rpartition("/")[2]


class User(msgspec.Struct):
    """A user; what was not asked for is missing."""

    id: str
    username: str
    name: str = ""
    description: str = ""
    location: str = ""
    url: str = ""
    protected: bool = False
    public_metrics: dict[str, int | None] = {}
    entities: dict[str, Any] | None = None


class Users(msgspec.Struct):
    """Of one user or of many; `data` is missing where there is none."""

    data: list[User] | User | None = None
    errors: list[Problem] = []

    def users(self) -> list[User]:
        """Those there are."""
        match self.data:
            case None:
                return []
            case User():
                return [self.data]
            case _:
                return self.data


class _Post(msgspec.Struct):
    created_at: datetime | None = None
    entities: dict[str, Any] | None = None
    context_annotations: list[dict[str, Any]] | None = None


class PostPage(msgspec.Struct):
    """A page of posts; `data` is missing where there are none, or none may be seen."""

    data: list[_Post] | None = None
    errors: list[Problem] = []

    def posts(self) -> list[Post]:
        """What is kept of them."""
        return [Post(created_at=each.created_at, topics=tuple(_topics(each))) for each in self.data or ()]


def account_of(user: User) -> Account:
    """A user as it is kept. Its counts are read in both spellings: post_count and tweet_count."""
    metrics = user.public_metrics
    return Account(
        id=user.id,
        handle=user.username.lower(),
        name=_storable(user.name),
        bio=_storable(user.description),
        location=_storable(user.location),
        website=_storable(_expanded(user) or user.url),
        followers=metrics.get("followers_count") or 0,
        posts=metrics.get("post_count") or metrics.get("tweet_count") or 0,
        is_protected=user.protected,
    )


def frequent_topics(posts: Iterable[Post]) -> tuple[str, ...]:
    """What posts are about most often, the most frequent first."""
    counts: Counter[str] = Counter()
    spelt: dict[str, str] = {}
    for post in posts:
        for topic in dict.fromkeys(topic.casefold() for topic in post.topics):
            counts[topic] += 1
        for topic in post.topics:
            spelt.setdefault(topic.casefold(), topic)
    ordered = sorted(counts, key=lambda topic: (-counts[topic], topic))
    return tuple(spelt[topic] for topic in ordered[:_MOST_TOPICS])


def activity(posts: Sequence[Post], now: datetime) -> str | None:
    """How much an account posts, by its newest posts: daily, weekly, monthly, rarely or dormant; None without any.

    The average distance between the newest posts, and from the newest to now: up to 1.5 days, 10 and 45.
    Dormant is who has not posted for half a year.
    """
    moments = sorted(post.created_at for post in posts if post.created_at is not None)
    if not moments:
        return None
    silence = (now - moments[-1]).days
    if silence > 182:  # noqa: PLR2004 - half a year
        return "dormant"
    days = (now - moments[0]).total_seconds() / 86_400 / len(moments)
    return next((word for word, most in (("daily", 1.5), ("weekly", 10), ("monthly", 45)) if days <= most), "rarely")


def _topics(post: _Post) -> Iterable[str]:
    for annotation in post.context_annotations or ():
        entity = annotation.get("entity")
        if isinstance(entity, dict) and isinstance(entity.get("name"), str):  # pyright: ignore[reportUnknownMemberType] - JSON
            yield entity["name"]
    for hashtag in (post.entities or {}).get("hashtags") or ():
        if isinstance(hashtag, dict) and isinstance(hashtag.get("tag"), str):  # pyright: ignore[reportUnknownMemberType] - JSON
            yield hashtag["tag"]


def _storable(text: str) -> str:
    # PostgreSQL stores no NUL: a hundred users that were paid for would be asked for again because of one of them.
    return text.replace("\0", "")


def _expanded(user: User) -> str:
    """The website itself where `url` is X's short link to it."""
    try:
        return str(user.entities["url"]["urls"][0]["expanded_url"] or "") if user.entities else ""
    except (KeyError, IndexError, TypeError):
        return ""
