"""X, API v2: users by handle, up to a hundred at once, and the newest posts of one.

Everything is charged by what is returned. A user that is missing or suspended is a 404, or a 200 that has
`errors` and no `data`: both mean none. `usage-capped` is no rate limit: it lasts until the billing cycle or the cap
changes. Source: X's OpenAPI document 2.167 and its pages on limits and errors.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final, Literal

import httpx

from headrace_crm.config.enrichment import XSettings
from headrace_crm.enrichment.money import micros
from headrace_crm.enrichment.outcome import Answer, Limited, Nothing, Refused
from headrace_crm.enrichment.profile import Handle, Profile, claim_texts, moment_text
from headrace_crm.enrichment.provider import Account, Accounts, Post, Posts
from headrace_crm.enrichment.providers.calling import Caller, limited_until, rests_until
from headrace_crm.enrichment.providers.x_document import (
    POST_FIELDS,
    USER_FIELDS,
    PostPage,
    Problem,
    Users,
    account_of,
    activity,
    frequent_topics,
)
from headrace_crm.mail.full_name import full_name

_RESET: Final = "x-rate-limit-reset"
_REMAINING: Final = "x-rate-limit-remaining"
_ABSENT: Final = frozenset({"resource-not-found", "not-authorized-for-resource", "resource-unavailable"})
"""Problems that mean about one user: there is nothing to be read."""


class X:
    """X behind an app-only bearer token."""

    source: Literal["x"] = "x"
    accounts_at_once: int = 100

    def __init__(self, settings: XSettings) -> None:
        self.account_price: int = micros(settings.user_price)
        self.post_price: int = micros(settings.post_price)
        self.posts_at_once: int = settings.posts
        self._caller = Caller("X", settings.url, headers={"Authorization": f"Bearer {settings.token}"})

    async def accounts(self, handles: Sequence[str], *, now: datetime) -> Answer[Accounts | Refused | Limited]:
        """One call: by name for one handle, in a batch for more. Raises ProviderUnavailableError."""
        asked = list(dict.fromkeys(handle.lower() for handle in handles))
        if not 1 <= len(asked) <= self.accounts_at_once:
            raise ValueError(f"1 to {self.accounts_at_once} handles are looked up at once, got {len(asked)}")
        parameters = {"user.fields": USER_FIELDS}
        if len(asked) == 1:
            response = await self._caller.get(f"/2/users/by/username/{asked[0]}", parameters)
        else:
            response = await self._caller.get("/2/users/by", {"usernames": ",".join(asked), **parameters})
        refusal = self._refusal(response, now)
        if refusal is not None:
            return Answer(refusal)
        if response.status_code == HTTPStatus.NOT_FOUND:
            return Answer(Accounts({}, frozenset(asked)), resting_until=self._rest(response.headers, now))
        users = self._caller.read(response, Users).users()
        found = {user.username.lower(): account_of(user) for user in users}
        return Answer(
            Accounts(found, frozenset(asked) - set(found)),
            charged=len(users) * self.account_price,
            resting_until=self._rest(response.headers, now),
        )

    async def posts(self, account: Account, *, now: datetime) -> Answer[Posts | Nothing | Refused | Limited]:
        """One call. Asks in the spelling `tweet.fields`, which every version of the API takes."""
        response = await self._caller.get(
            f"/2/users/{account.id}/tweets",
            {"max_results": str(self.posts_at_once), "exclude": "replies,retweets", "tweet.fields": POST_FIELDS},
        )
        refusal = self._refusal(response, now)
        if refusal is not None:
            return Answer(refusal)
        rest = self._rest(response.headers, now)
        if response.status_code == HTTPStatus.NOT_FOUND:
            return Answer(Nothing(), resting_until=rest)
        page = self._caller.read(response, PostPage)
        if not page.data and page.errors:
            return Answer(Nothing(), resting_until=rest)
        posts = page.posts()
        return Answer(Posts(posts), charged=len(posts) * self.post_price, resting_until=rest)

    def profile(self, account: Account, posts: Sequence[Post], *, confidence: float, now: datetime) -> Profile:
        """Bio, place, website, topics and activity; its last post is when the person was last active."""
        moments = [post.created_at for post in posts if post.created_at is not None]
        claims = claim_texts(
            confidence,
            {
                # A contact is called so: nobody is renamed after a nickname.
                "name": account.name if full_name(account.name) else None,
                "bio": account.bio,
                "location": account.location,
                "website": account.website,
                "x_handle": account.handle,
                "followers": account.followers,
                "topics": frequent_topics(posts),
                "activity": activity(posts, now),
                "last_active_at": moment_text(max(moments)) if moments else None,
            },
        )
        return Profile(claims, (Handle("x", account.handle, confidence, "x"),))

    def _refusal(self, response: httpx.Response, now: datetime) -> Refused | Limited | None:
        """What an error status means for everybody; None for an answer about those asked for."""
        match response.status_code:
            case HTTPStatus.OK:
                return None
            case HTTPStatus.NOT_FOUND:
                return None
            case HTTPStatus.BAD_REQUEST:
                problem = self._problem(response)
                return Refused(f"X refused the request: {_told(problem)}", "person")
            case HTTPStatus.UNAUTHORIZED:
                return Refused("X refused the token (HEADRACE_X_TOKEN)")
            case HTTPStatus.FORBIDDEN | HTTPStatus.PAYMENT_REQUIRED | HTTPStatus.TOO_MANY_REQUESTS:
                return self._by_problem(response, now)
            case _:
                raise self._caller.unknown(response)

    def _by_problem(self, response: httpx.Response, now: datetime) -> Refused | Limited:
        problem = self._problem(response)
        name = problem.name
        if name == "usage-capped" or response.status_code == HTTPStatus.PAYMENT_REQUIRED:
            return Refused(f"X's own cap on usage is reached: {_told(problem)}", is_capped=True)
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            return Limited(limited_until(response.headers, now, reset=_RESET), "X's rate limit")
        if name in _ABSENT:
            return Refused(f"X shows nothing of this account: {_told(problem)}", "person")
        return Refused(f"X refused access: {_told(problem)}")

    def _problem(self, response: httpx.Response) -> Problem:
        try:
            return self._caller.read(response, Problem)
        # A proxy's page for an error is no problem document; the status says enough.
        except Exception:  # noqa: BLE001 - whatever the body is
            return Problem(title=f"status {response.status_code}")

    def _rest(self, headers: Mapping[str, str], now: datetime) -> datetime | None:
        return rests_until(headers, now, remaining=_REMAINING, reset=_RESET)


def _told(problem: Problem) -> str:
    return (problem.detail or problem.title or problem.name or "without a reason")[:200]
