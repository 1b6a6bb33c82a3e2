"""The People Data Labs of the sandbox: person enrichment by e-mail and profile."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from headrace_crm.sandbox.answer import Answer, json_answer
from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.edge import Edge
from headrace_crm.sandbox.enrichment.directory import Directory, KnownPerson
from headrace_crm.sandbox.enrichment.metering import Metering, seconds_up
from headrace_crm.sandbox.faults import AT_THE_METHOD

ENRICH: Final = "pdl.person.enrich"
_WINDOW: Final = timedelta(minutes=1)
_ERRORS: Final = {
    400: ("invalid_request_error", "Request contained either missing or invalid parameters."),
    401: ("authentication_error", "Request contained a missing or invalid key."),
    402: ("payment_required", "You have hit your account maximum for person enrichment (all matches used)"),
    403: ("forbidden", "Your API key is not valid for this endpoint."),
    404: ("not_found", "No records were found matching your request"),
    405: ("invalid_request_error", "Request method is not allowed on the requested resource."),
    429: ("rate_limit_error", "An error occurred due to requests hitting the API too quick"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PdlRules:
    """`per_minute` is the limit of the plan, None for none; `credits` are the matches that are paid for."""

    api_key: str = "sandbox-pdl-key"
    per_minute: int | None = 100
    credits: int | None = None


class PeopleDataLabs:
    """Person enrichment over a directory. Safe to use from any thread."""

    def __init__(self, *, clock: SandboxClock, edge: Edge, directory: Directory, rules: PdlRules | None = None) -> None:
        self.rules = rules or PdlRules()
        self.metering: Final = Metering(_WINDOW)
        self._clock = clock
        self._edge = edge
        self._directory = directory

    def configure(self, **changes: Any) -> PdlRules:
        """Changes fields of `PdlRules` from now on, and returns them all."""
        self.rules = replace(self.rules, **changes)
        return self.rules

    @property
    def matches_charged(self) -> int:
        """Matches returned, which are charged for."""
        return self.metering.charged("matches")

    def routes(self) -> list[BaseRoute]:
        """The route of person enrichment."""
        return [Route("/v5/person/enrich", self._enrich, methods=["GET"])]

    async def _enrich(self, request: Request) -> Response:
        now = self._clock.now()
        headers: dict[str, str] = {}
        if request.headers.get("x-api-key") != self.rules.api_key:
            answer = _error(401)
        else:
            limit = self.rules.per_minute
            wait = self.metering.call(ENRICH, limit=limit, now=now)
            fault = self._edge.faults.draw(ENRICH, among=AT_THE_METHOD)
            if fault is not None and fault.kind == "rate-limit":
                wait = fault.retry_after or _WINDOW
            if limit is not None or wait is not None:
                left = 0 if wait is not None else max(0, (limit or 0) - self.metering.used(ENRICH, now=now))
                reset = now + timedelta(seconds=seconds_up(wait or _WINDOW))
                headers = {
                    "x-ratelimit-limit": msgspec.json.encode({"minute": limit}).decode(),
                    "x-ratelimit-remaining": msgspec.json.encode({"minute": left}).decode(),
                    "x-ratelimit-reset": reset.strftime("%Y-%m-%dT%H:%M:%SZ"),
                }
            if wait is not None:
                answer = _error(429)
            elif fault is not None:
                answer = _error(401 if fault.kind == "expire-token" else fault.status)
            else:
                answer = self._match(request)
        answer = replace(answer, headers=(*answer.headers, *headers.items()))
        return self._edge.count_and_respond(request, ENRICH, answer)

    def _match(self, request: Request) -> Answer:
        email, profile = request.query_params.get("email", ""), request.query_params.get("profile", "")
        least = request.query_params.get("min_likelihood", "2")
        if (not email and not profile) or not least.isdigit() or not 1 <= int(least) <= 10:  # noqa: PLR2004 - their scale
            return _error(400)
        person = self._directory.by_email(email) or (self._directory.by_linkedin(profile) if profile else None)
        if person is None or person.likelihood < int(least):
            return _error(404)
        if self.rules.credits is not None and self.matches_charged >= self.rules.credits:
            return _error(402)
        self.metering.charge("matches", 1)
        body = {"status": 200, "likelihood": person.likelihood, "data": _person(person)}
        return json_answer(body, headers=(("x-call-credits-spent", "1"), ("x-call-credits-type", "enrich")))


def _person(person: KnownPerson) -> dict[str, Any]:
    return {
        "full_name": person.name,
        "job_title": person.title,
        "job_company_name": person.organisation,
        "location_name": person.location,
        "linkedin_url": None if person.linkedin is None else f"linkedin.com/in/{person.linkedin}",
        "twitter_username": person.x_handle,
        "skills": sorted({topic for _, topic in person.posts}),
    }


def _error(status: int) -> Answer:
    kind, message = _ERRORS.get(status, ("api_error", "The server encountered an unexpected condition"))
    return json_answer({"status": status, "error": {"type": kind, "message": message}}, status=status)
