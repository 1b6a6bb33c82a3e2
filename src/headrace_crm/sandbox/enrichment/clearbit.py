"""The Clearbit of the sandbox: combined look-ups that may take their time, and the webhook that then follows."""

from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha1
from hmac import digest
from threading import Lock
from typing import Any, Final

import httpx
import msgspec
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from headrace_crm.sandbox.answer import Answer, json_answer
from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.edge import Edge
from headrace_crm.sandbox.enrichment.directory import Directory, KnownPerson
from headrace_crm.sandbox.enrichment.metering import Metering, seconds_up
from headrace_crm.sandbox.faults import AT_THE_METHOD

FIND: Final = "clearbit.combined.find"
WEBHOOK: Final = "clearbit.webhook"
_WINDOW: Final = timedelta(minutes=1)
_SECONDS_TO_DELIVER: Final = 5
_ERRORS: Final = {
    400: ("params_invalid", "Params invalid"),
    401: ("auth_required", "Invalid API key provided"),
    402: ("over_quota", "You have exceeded your plan's quota"),
    403: ("forbidden", "Your plan does not include this API"),
    404: ("unknown_record", "Unknown person"),
    422: ("email_invalid", "Email is invalid"),
    429: ("rate_limit", "You have exceeded the rate limit"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearbitRules:
    """`per_minute` is the limit, None for none. Webhooks go to `webhook_url` where a query names no other."""

    api_key: str = "sk_sandbox_clearbit"
    per_minute: int | None = 600
    webhook_url: str = ""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as it is, or would be, sent."""

    url: str
    body: bytes
    headers: dict[str, str]


class Clearbit:
    """Look-ups over a directory. Safe to use from any thread.

    About somebody `is_slow` the first answer is 202 and a webhook follows at once, where there is an address for it;
    `webhooks` has them all, to be sent again or altered.
    """

    def __init__(
        self, *, clock: SandboxClock, edge: Edge, directory: Directory, rules: ClearbitRules | None = None
    ) -> None:
        self.rules = rules or ClearbitRules()
        self.metering: Final = Metering(_WINDOW)
        self.webhooks: Final[list[Webhook]] = []
        self._clock = clock
        self._edge = edge
        self._directory = directory
        self._lock = Lock()
        self._looked_for: set[str] = set()

    def configure(self, **changes: Any) -> ClearbitRules:
        """Changes fields of `ClearbitRules` from now on, and returns them all."""
        self.rules = replace(self.rules, **changes)
        return self.rules

    def routes(self) -> list[BaseRoute]:
        """The route of combined look-ups."""
        return [Route("/v2/combined/find", self._find, methods=["GET"])]

    def signed(self, url: str, body: bytes) -> Webhook:
        """A webhook with the signature that Clearbit would give it."""
        key = self.rules.api_key.removeprefix("sk_").removeprefix("pk_").encode()
        headers = {"Content-Type": "application/json", "X-Request-Signature": f"sha1={digest(key, body, sha1).hex()}"}
        return Webhook(url, body, headers)

    async def _find(self, request: Request) -> Response:
        now = self._clock.now()
        wait = None
        headers: dict[str, str] = {}
        if not _is_authorized(request, self.rules.api_key):
            answer, webhook = _error(401), None
        else:
            wait = self.metering.call(FIND, limit=self.rules.per_minute, now=now)
            fault = self._edge.faults.draw(FIND, among=AT_THE_METHOD)
            if fault is not None and fault.kind == "rate-limit":
                wait = fault.retry_after or _WINDOW
            if self.rules.per_minute is not None or wait is not None:
                limit = self.rules.per_minute or 0
                left = 0 if wait is not None else max(0, limit - self.metering.used(FIND, now=now))
                headers = {
                    "X-RateLimit-Limit": str(limit),
                    "X-RateLimit-Remaining": str(left),
                    "X-RateLimit-Reset": str(seconds_up(wait or _WINDOW)),
                }
            if wait is not None:
                answer, webhook = _error(429), None
            elif fault is not None:
                answer, webhook = _error(401 if fault.kind == "expire-token" else fault.status), None
            else:
                answer, webhook = self._look(request)
        answer = replace(answer, headers=(*answer.headers, *headers.items()))
        response = self._edge.count_and_respond(request, FIND, answer)
        if webhook is not None and webhook.url:
            response.background = BackgroundTask(self._deliver, webhook)
        return response

    def _look(self, request: Request) -> tuple[Answer, Webhook | None]:
        email = request.query_params.get("email", "")
        local, _, host = email.rpartition("@")
        if not local or "." not in host:
            return _error(422), None
        self.metering.charge("lookups", 1)
        person = self._directory.by_email(email)
        if person is None:
            return _error(404), None
        with self._lock:
            is_first = email.lower() not in self._looked_for
            self._looked_for.add(email.lower())
        if not (person.is_slow and is_first):
            return json_answer(_combined(person)), None
        url = request.query_params.get("webhook_url", "") or self.rules.webhook_url
        told = {
            "id": request.query_params.get("webhook_id", ""),
            "type": "person_company",
            "status": 200,
            "body": _combined(person),
        }
        webhook = self.signed(url, msgspec.json.encode(told))
        self.webhooks.append(webhook)
        return json_answer({"error": {"type": "queued", "message": "Looking up"}}, status=202), webhook

    async def _deliver(self, webhook: Webhook) -> None:
        try:
            async with httpx.AsyncClient(timeout=_SECONDS_TO_DELIVER) as client:
                answered = await client.post(webhook.url, content=webhook.body, headers=webhook.headers)
            self._edge.counters.answered(WEBHOOK, answered.status_code)
        except httpx.HTTPError:
            # Clearbit does not say that it tries again; whoever missed it asks again.
            self._edge.counters.answered(WEBHOOK, 0)


def _combined(person: KnownPerson) -> dict[str, Any]:
    return {
        "person": {
            "name": {"fullName": person.name},
            "email": person.email,
            "location": person.location,
            "bio": person.bio,
            "site": None,
            "employment": {"title": person.title, "name": person.organisation},
            "twitter": {"handle": person.x_handle},
            "linkedin": {"handle": None if person.linkedin is None else f"in/{person.linkedin}"},
        },
        "company": None if person.organisation is None else {"name": person.organisation},
    }


def _is_authorized(request: Request, key: str) -> bool:
    return request.headers.get("authorization") == f"Basic {b64encode(f'{key}:'.encode()).decode()}"


def _error(status: int) -> Answer:
    kind, message = _ERRORS.get(status, ("api_error", "Something went wrong"))
    return json_answer({"error": {"type": kind, "message": message}}, status=status)
