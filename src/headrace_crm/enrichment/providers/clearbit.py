"""Clearbit, as old contracts still have it: `GET /v2/combined/find`, version 2019-12-19.

It is sold no more. 202 means that it is looking: the answer comes by webhook, or when asked again. Statuses
200, 202 and 404 count as a call. Source: Clearbit's own Ruby client and help pages.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha1
from hmac import compare_digest, digest
from http import HTTPStatus
from typing import Any, Final

import httpx
import msgspec

from headrace_crm.config.enrichment import ClearbitSettings
from headrace_crm.enrichment.handles import linkedin_link, read_linkedin_url, read_x_handle
from headrace_crm.enrichment.money import micros
from headrace_crm.enrichment.outcome import Answer, Found, Limited, Nothing, Outcome, Pending
from headrace_crm.enrichment.profile import Asked, Handle, Profile, claim_texts
from headrace_crm.enrichment.provider import Query
from headrace_crm.enrichment.providers.calling import Caller, rests_until
from headrace_crm.enrichment.providers.refusing import Refusals

_LOOKS_FOR: Final = timedelta(minutes=5)
_CONFIDENCE: Final = 0.8
"""It says nothing of how sure it is."""


class _Handle(msgspec.Struct):
    handle: str | None = None


class _Named(msgspec.Struct):
    full_name: str | None = msgspec.field(default=None, name="fullName")


class _Employment(msgspec.Struct):
    title: str | None = None
    name: str | None = None


class _Person(msgspec.Struct):
    name: _Named | None = None
    location: str | None = None
    bio: str | None = None
    site: str | None = None
    employment: _Employment | None = None
    twitter: _Handle | None = None
    linkedin: _Handle | None = None


class _Company(msgspec.Struct):
    name: str | None = None
    domain: str | None = None


class _Combined(msgspec.Struct):
    person: _Person | None = None
    company: _Company | None = None


class WebhookBody(msgspec.Struct):
    """What Clearbit sends when it has looked: `id` is the token of the query."""

    id: str
    status: int
    type: str = ""
    body: dict[str, Any] | None = None


class Clearbit:
    """Clearbit's person and company look-up."""

    source: Asked = "clearbit"

    def __init__(self, settings: ClearbitSettings) -> None:
        self.most: int = micros(settings.price)
        self._webhook_url = settings.webhook_url
        self._caller = Caller("Clearbit", settings.url, headers={"API-Version": "2019-12-19"}, user=settings.api_key)
        self._refusals = Refusals(
            caller=self._caller,
            name="Clearbit",
            key="HEADRACE_CLEARBIT_API_KEY",
            used_up="the quota at Clearbit is used up",
        )

    async def look_up(self, query: Query, *, now: datetime) -> Answer[Outcome]:
        """One call by e-mail. Raises ProviderUnavailableError."""
        parameters = {"email": query.email}
        if query.token is not None:
            parameters["webhook_id"] = query.token
            if self._webhook_url:
                parameters["webhook_url"] = self._webhook_url
        response = await self._caller.get("/v2/combined/find", parameters)
        outcome = self._outcome(response, now)
        is_charged = response.status_code in {HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.NOT_FOUND}
        rest = None if isinstance(outcome, Limited) else rests_until(response.headers, now)
        return Answer(outcome, charged=self.most if is_charged else 0, resting_until=rest)

    def _outcome(self, response: httpx.Response, now: datetime) -> Outcome:
        match response.status_code:
            case HTTPStatus.OK:
                return found_in(self._caller.read(response, _Combined))
            case HTTPStatus.ACCEPTED:
                return Pending(_LOOKS_FOR)
            case _:
                return self._refusals.read(response, now=now)


def found_in(combined: _Combined) -> Found | Nothing:
    """What a person and their company say; a company alone says nothing of the person."""
    person = combined.person
    if person is None:
        return Nothing()
    job, company = person.employment or _Employment(), combined.company or _Company()
    x_handle = read_x_handle((person.twitter and person.twitter.handle) or "")
    linkedin = _linkedin(person)
    claims = claim_texts(
        _CONFIDENCE,
        {
            "name": person.name.full_name if person.name else None,
            "title": job.title,
            "organisation": job.name or company.name,
            "location": person.location,
            "bio": person.bio,
            "website": person.site,
            "linkedin_url": linkedin_link(linkedin) if linkedin else None,
            "x_handle": x_handle,
        },
    )
    handles = [Handle("linkedin", linkedin, _CONFIDENCE, "clearbit")] if linkedin else []
    if x_handle:
        handles.append(Handle("x", x_handle, _CONFIDENCE, "clearbit"))
    return Found(Profile(claims, tuple(handles)))


def _linkedin(person: _Person) -> str | None:
    handle = (person.linkedin and person.linkedin.handle) or ""
    return read_linkedin_url(f"linkedin.com/{handle}" if handle.startswith("in/") else f"linkedin.com/in/{handle}")


def is_signed(body: bytes, headers: Mapping[str, str], *, api_key: str) -> bool:
    """True where Clearbit signed these bytes: HMAC-SHA1 under the key without its `sk_` or `pk_`."""
    given = headers.get("x-request-signature", "")
    secret = api_key.removeprefix("sk_").removeprefix("pk_").encode()
    # SHA-1 is Clearbit's choice; as an HMAC it is still not forged.
    wanted = "sha1=" + digest(secret, body, sha1).hex()
    return bool(secret) and compare_digest(given.encode(), wanted.encode())


def read_webhook(body: bytes) -> tuple[str, Found | Nothing] | None:
    """The token of a webhook's query and its outcome; None for a body that is none."""
    try:
        told = msgspec.json.decode(body, type=WebhookBody)
        if told.status != HTTPStatus.OK or told.body is None:
            return told.id, Nothing()
        is_person = told.type == "person"
        combined = msgspec.convert({"person": told.body} if is_person else told.body, type=_Combined, strict=False)
    except msgspec.MsgspecError:
        return None
    return told.id, found_in(combined)
