"""People Data Labs: a licensed source of what people say of themselves on LinkedIn, by e-mail or profile link.

`GET /v5/person/enrich`. A match is charged, a 404 is none and free. Limits are per minute, in fixed windows. Source:
its pages on person enrichment, errors and usage limits.
"""

from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import httpx
import msgspec

from headrace_crm.config.enrichment import PdlSettings
from headrace_crm.enrichment.handles import linkedin_link, read_linkedin_url, read_x_handle
from headrace_crm.enrichment.money import micros
from headrace_crm.enrichment.outcome import Answer, Found, Limited, Outcome
from headrace_crm.enrichment.profile import Asked, Handle, Profile, claim_texts
from headrace_crm.enrichment.provider import Query
from headrace_crm.enrichment.providers.calling import Caller, rests_until
from headrace_crm.enrichment.providers.refusing import Refusals

_CERTAIN: Final = 10
_LESS_SURE: Final = 0.95
"""A handle that a profile names is a little less sure than the profile."""


class _Person(msgspec.Struct):
    """The fields that are read. Plans without a field give true or false in its place."""

    full_name: Any = None
    job_title: Any = None
    job_company_name: Any = None
    location_name: Any = None
    linkedin_url: Any = None
    twitter_username: Any = None
    twitter_url: Any = None
    summary: Any = None
    skills: Any = None
    work_email: Any = None
    personal_emails: Any = None
    emails: Any = None


class _Answer(msgspec.Struct):
    data: _Person
    likelihood: float = 0


class PeopleDataLabs:
    """LinkedIn profiles, through People Data Labs."""

    source: Asked = "pdl"

    def __init__(self, settings: PdlSettings) -> None:
        self.most: int = micros(settings.price)
        self._min_likelihood = settings.min_likelihood
        self._caller = Caller("People Data Labs", settings.url, headers={"X-Api-Key": settings.api_key})
        self._refusals = Refusals(
            caller=self._caller,
            name="People Data Labs",
            key="HEADRACE_PDL_API_KEY",
            used_up="the credits at People Data Labs are used up",
        )

    async def look_up(self, query: Query, *, now: datetime) -> Answer[Outcome]:
        """One call by e-mail, and by profile link where there is one. Raises ProviderUnavailableError."""
        parameters = {"email": query.email, "min_likelihood": str(self._min_likelihood), "titlecase": "true"}
        if query.linkedin is not None:
            parameters["profile"] = f"linkedin.com/in/{query.linkedin}"
        response = await self._caller.get("/v5/person/enrich", parameters)
        outcome = self._outcome(response, query.email, now)
        rest = None if isinstance(outcome, Limited) else rests_until(response.headers, now)
        return Answer(outcome, charged=self.most if isinstance(outcome, Found) else 0, resting_until=rest)

    def _outcome(self, response: httpx.Response, email: str, now: datetime) -> Outcome:
        if response.status_code == HTTPStatus.OK:
            return Found(_profile(self._caller.read(response, _Answer), email))
        return self._refusals.read(response, now=now)


def _profile(answer: _Answer, email: str) -> Profile:
    person = answer.data
    confidence = min(max(answer.likelihood, 0), _CERTAIN) / _CERTAIN
    linkedin = read_linkedin_url(person.linkedin_url) if isinstance(person.linkedin_url, str) else None
    named = next((each for each in (person.twitter_username, person.twitter_url) if isinstance(each, str)), "")
    x_handle = read_x_handle(named)
    claims = claim_texts(
        confidence,
        {
            "name": person.full_name,
            "title": person.job_title,
            "organisation": person.job_company_name,
            "location": person.location_name,
            "bio": person.summary,
            "topics": person.skills,
            "other_emails": [each for each in _addresses(person) if each != email],
            "linkedin_url": linkedin_link(linkedin) if linkedin else None,
            "x_handle": x_handle,
        },
    )
    handles = [Handle("linkedin", linkedin, confidence, "pdl")] if linkedin else []
    if x_handle:
        handles.append(Handle("x", x_handle, round(confidence * _LESS_SURE, 4), "pdl"))
    return Profile(claims, tuple(handles))


def _addresses(person: _Person) -> list[str]:
    """Every mail address the profile has, once, in lower case: `emails` are objects with an `address`."""
    given: list[Any] = [person.work_email]
    for some in (person.personal_emails, person.emails):
        given += some if isinstance(some, list) else []  # pyright: ignore[reportUnknownArgumentType] - whatever the plan gives
    texts = (str(each.get("address") if isinstance(each, dict) else each) for each in given)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - JSON
    return list(dict.fromkeys(text.strip().lower() for text in texts if "@" in text))
