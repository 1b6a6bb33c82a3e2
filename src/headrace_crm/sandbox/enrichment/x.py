"""The X of the sandbox: users by name, alone and up to a hundred at once, and their posts.

Errors are `application/problem+json` with the types of X's document; a user that is not there is a 404 when asked for
alone, or a 200 without data where `missing_is_ok` is set, and an entry among the errors of a batch.
"""

import math
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from headrace_crm.sandbox.answer import Answer, json_answer
from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.edge import Edge
from headrace_crm.sandbox.enrichment.directory import Directory, KnownPerson, id_of
from headrace_crm.sandbox.enrichment.metering import Metering
from headrace_crm.sandbox.faults import AT_THE_METHOD

ONE: Final = "x.users.by.username"
MANY: Final = "x.users.by"
POSTS: Final = "x.users.tweets"

_HANDLE: Final = re.compile(r"[A-Za-z0-9_]{1,15}")
_MOST_USERS: Final = 100
_LEAST_POSTS: Final = 5
_MOST_POSTS: Final = 100
_TITLES: Final = {
    400: ("invalid-request", "Invalid Request"),
    401: ("about:blank", "Unauthorized"),
    403: ("client-forbidden", "Client Forbidden"),
    404: ("resource-not-found", "Not Found Error"),
    429: ("rate-limit-exceeded", "Too Many Requests"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class XRules:
    """Limits are per 15 minutes, None for none. `problem_host` is what the types of problems name.

    `counts_posts` says post_count where it is True, tweet_count otherwise. `is_capped` refuses everything by
    `usage-capped`.
    """

    token: str = "sandbox-x-token"  # noqa: S105 - a token of the sandbox alone
    user_lookups: int | None = 300
    batch_lookups: int | None = 300
    post_reads: int | None = 10_000
    problem_host: str = "api.x.com"
    counts_posts: bool = True
    missing_is_ok: bool = False
    is_capped: bool = False


class X:
    """X with the accounts of a directory. Safe to use from any thread."""

    def __init__(self, *, clock: SandboxClock, edge: Edge, directory: Directory, rules: XRules | None = None) -> None:
        self.rules = rules or XRules()
        self.metering: Final = Metering(timedelta(minutes=15))
        self._clock = clock
        self._edge = edge
        self._directory = directory

    def configure(self, **changes: Any) -> XRules:
        """Changes fields of `XRules` from now on, and returns them all."""
        self.rules = replace(self.rules, **changes)
        return self.rules

    @property
    def users_charged(self) -> int:
        """Users returned, which X charges for."""
        return self.metering.charged("users")

    @property
    def posts_charged(self) -> int:
        """Posts returned, which X charges for."""
        return self.metering.charged("posts")

    def routes(self) -> list[BaseRoute]:
        """The routes of X's API v2 that there are."""
        return [
            Route("/2/users/by/username/{username}", self._one, methods=["GET"]),
            Route("/2/users/by", self._many, methods=["GET"]),
            Route("/2/users/{id}/tweets", self._posts, methods=["GET"]),
        ]

    async def _one(self, request: Request) -> Response:
        def work(now: datetime) -> Answer:
            username = request.path_params["username"]
            if not _HANDLE.fullmatch(username):
                return self._problem(400, "The `username` query parameter value is not valid")
            person = self._directory.by_handle(username)
            if person is None:
                problem = self._absent(username)
                return json_answer({"errors": [problem]}, status=200 if self.rules.missing_is_ok else 404)
            self.metering.charge("users", 1)
            return json_answer({"data": self._user(person, now)})

        return self._answer(request, ONE, self.rules.user_lookups, work)

    async def _many(self, request: Request) -> Response:
        def work(now: datetime) -> Answer:
            names = list(dict.fromkeys(request.query_params.get("usernames", "").split(",")))
            if not 1 <= len(names) <= _MOST_USERS or not all(map(_HANDLE.fullmatch, names)):
                return self._problem(400, "The `usernames` query parameter value is not valid")
            found = {name: self._directory.by_handle(name) for name in names}
            data = [self._user(person, now) for person in found.values() if person is not None]
            errors = [self._absent(name) for name, person in found.items() if person is None]
            self.metering.charge("users", len(data))
            return json_answer({**({"data": data} if data else {}), **({"errors": errors} if errors else {})})

        return self._answer(request, MANY, self.rules.batch_lookups, work)

    async def _posts(self, request: Request) -> Response:
        def work(now: datetime) -> Answer:
            count = request.query_params.get("max_results", "10")
            if not count.isdigit() or not _LEAST_POSTS <= int(count) <= _MOST_POSTS:
                return self._problem(400, f"The `max_results` query parameter value [{count}] is not between 5 and 100")
            person = self._directory.by_id(request.path_params["id"])
            if person is None:
                return json_answer({"errors": [self._absent(request.path_params["id"])]})
            if person.is_protected:
                detail = "Sorry, you are not authorized to see the user with id."
                problem = self._document("not-authorized-for-resource", "Authorization Error", detail)
                return json_answer({"errors": [{**problem, "resource_type": "user"}]})
            posts = [_post(number, days, topic, now) for number, (days, topic) in enumerate(person.posts[: int(count)])]
            self.metering.charge("posts", len(posts))
            meta = {"result_count": len(posts)}
            return json_answer({"data": posts, "meta": meta} if posts else {"meta": meta})

        return self._answer(request, POSTS, self.rules.post_reads, work)

    def _answer(self, request: Request, route: str, limit: int | None, work: Any) -> Response:
        now = self._clock.now()
        headers = {}
        if request.headers.get("authorization") != f"Bearer {self.rules.token}":
            answer = self._problem(401, "Unauthorized")
        else:
            wait = self.metering.call(route, limit=limit, now=now)
            reset = now + (wait or self.metering_window)
            used = self.metering.used(route, now=now)
            headers = _limit_headers(limit, used, reset)
            fault = self._edge.faults.draw(route, among=AT_THE_METHOD)
            if wait is not None:
                answer = self._problem(429, "Too Many Requests")
            elif fault is not None and fault.kind == "rate-limit":
                answer = self._problem(429, "Too Many Requests")
                ends = now + (fault.retry_after or timedelta(minutes=15))
                headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(math.ceil(ends.timestamp()))}
            elif fault is not None:
                answer = self._problem(401 if fault.kind == "expire-token" else fault.status, "A fault of the sandbox")
            elif self.rules.is_capped:
                detail = "Usage cap exceeded: Monthly product cap"
                answer = self._refusal(429, self._document("usage-capped", "UsageCapExceeded", detail))
            else:
                answer = work(now)
        answer = replace(answer, headers=(*answer.headers, *headers.items()))
        return self._edge.count_and_respond(request, route, answer)

    @property
    def metering_window(self) -> timedelta:
        """How long a window of the limits is."""
        return timedelta(minutes=15)

    def _user(self, person: KnownPerson, now: datetime) -> dict[str, Any]:
        assert person.x_handle is not None  # noqa: S101 - found by it
        counts = "post_count" if self.rules.counts_posts else "tweet_count"
        return {
            "id": id_of(person.x_handle),
            "username": person.x_handle,
            "name": person.x_name or person.name,
            "description": person.bio or "",
            "location": person.location or "",
            "protected": person.is_protected,
            "created_at": _moment(now - timedelta(days=3_000)),
            "public_metrics": {
                "followers_count": 10 * len(person.name),
                "following_count": 7,
                counts: len(person.posts),
                "listed_count": 0,
            },
        }

    def _absent(self, value: str) -> dict[str, Any]:
        detail = f"Could not find user with username: [{value}]."
        document = self._document("resource-not-found", "Not Found Error", detail)
        return {**document, "value": value, "resource_type": "user", "parameter": "username", "resource_id": value}

    def _problem(self, status: int, detail: str) -> Answer:
        name, title = _TITLES.get(status, ("internal-error", "Internal Error"))
        return self._refusal(status, {**self._document(name, title, detail), "status": status})

    def _document(self, name: str, title: str, detail: str) -> dict[str, Any]:
        kind = name if ":" in name else f"https://{self.rules.problem_host}/2/problems/{name}"
        return {"type": kind, "title": title, "detail": detail}

    def _refusal(self, status: int, document: dict[str, Any]) -> Answer:
        answer = json_answer(document, status=status)
        return Answer(answer.status, answer.body, (("Content-Type", "application/problem+json"),))


def _limit_headers(limit: int | None, used: int, reset: datetime) -> dict[str, str]:
    if limit is None:
        return {}
    return {
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": str(max(0, limit - used)),
        "x-rate-limit-reset": str(math.ceil(reset.timestamp())),
    }


def _post(number: int, days: float, topic: str, now: datetime) -> dict[str, Any]:
    return {
        "id": str(10**12 + number),
        "text": f"About #{topic}",
        "edit_history_post_ids": [str(10**12 + number)],
        "created_at": _moment(now - timedelta(days=days)),
        "entities": {"hashtags": [{"start": 6, "end": 7 + len(topic), "tag": topic}]},
    }


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
