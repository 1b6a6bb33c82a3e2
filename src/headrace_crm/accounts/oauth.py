"""Google's OAuth endpoints: codes and refresh tokens become access tokens, and tokens are revoked.

Source: RFC 6749 (sections 4.1.3, 5 and 6), RFC 7009, and Google's "OAuth 2.0 for Web Server Applications".
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
import msgspec

from headrace_crm.config import GoogleSettings
from headrace_crm.errors import CrmError
from headrace_crm.kit.http import retry_after

PATIENCE: Final = timedelta(seconds=10)
"""How long Google may take for one answer in all; an account is locked meanwhile."""

_LONGEST_CODE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the token endpoint gave; `refresh` is None where the old refresh token stays."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    expires_at: datetime
    scopes: tuple[str, ...]


class OAuthError(CrmError):
    """Google refused what it was asked for, or could not be reached.

    `code` is its own word for why (`invalid_grant` is final for the token it was given), else "unreachable" or
    "unreadable"; `status` None where there was no answer; `retry_after` what it asks for. No field holds a token.
    """

    def __init__(
        self, what: str, *, code: str, status: int | None = None, retry_after: timedelta | None = None
    ) -> None:
        answer = "no answer" if status is None else f"status {status}"
        super().__init__(f"Google did not {what}: {code} ({answer}); {_next_step(code)}")
        self.code = code
        self.status = status
        self.retry_after = retry_after

    @property
    def is_final(self) -> bool:
        """Whether the token or code is refused for good, so that only another sign-in helps."""
        return self.code == "invalid_grant"


async def exchange_code(
    client: httpx.AsyncClient, google: GoogleSettings, *, code: str, verifier: str, redirect_uri: str, now: datetime
) -> Grant:
    """The tokens for an authorisation code, with the PKCE verifier its challenge was made of. Raises OAuthError."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
        **_credentials(google),
    }
    return _grant(await _post(client, google.token_url, form, what="take the authorisation code", now=now), now)


async def refresh(client: httpx.AsyncClient, google: GoogleSettings, *, refresh_token: str, now: datetime) -> Grant:
    """A new access token. Raises OAuthError, `is_final` where the refresh token is dead."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **_credentials(google)}
    return _grant(await _post(client, google.token_url, form, what="refresh the token", now=now), now)


async def revoke(client: httpx.AsyncClient, google: GoogleSettings, *, token: str, now: datetime) -> None:
    """Takes back all that was granted with a token; one that is dead already is no error. Raises OAuthError."""
    try:
        await _post(client, google.revoke_url, {"token": token}, what="revoke the token", now=now)
    except OAuthError as error:
        if error.code not in {"invalid_token", "invalid_grant"}:
            raise


def _credentials(google: GoogleSettings) -> dict[str, str]:
    google.require_client()
    return {"client_id": google.client_id, "client_secret": google.client_secret}


async def _post(
    client: httpx.AsyncClient, url: str, form: Mapping[str, str], *, what: str, now: datetime
) -> dict[str, Any]:
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            answer = await client.post(url, data=dict(form))
    except (httpx.HTTPError, TimeoutError) as error:
        raise OAuthError(what, code="unreachable") from error
    try:
        told = msgspec.json.decode(answer.content or b"{}", type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        if answer.is_success:
            raise OAuthError(what, code="unreadable", status=answer.status_code) from error
        told = {}
    if not answer.is_success:
        raise OAuthError(
            what,
            code=str(told.get("error", "refused"))[:_LONGEST_CODE],
            status=answer.status_code,
            retry_after=retry_after(answer.headers, now),
        )
    return told


class _Answer(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int = 3600
    refresh_token: str | None = None
    scope: str = ""


def _grant(told: dict[str, Any], now: datetime) -> Grant:
    try:
        answer = msgspec.convert(told, _Answer)
    except msgspec.ValidationError:
        # Its message may quote a value, and so may a traceback that has it as a cause.
        raise OAuthError("answer as agreed", code="unreadable", status=200) from None
    return Grant(
        access=answer.access_token,
        refresh=answer.refresh_token,
        expires_at=now + timedelta(seconds=answer.expires_in),
        scopes=tuple(answer.scope.split()),
    )


def _next_step(code: str) -> str:
    match code:
        case "invalid_grant":
            return "sign in again: crm accounts link google"
        case "invalid_client" | "unauthorized_client":
            return "check HEADRACE_GOOGLE_CLIENT_ID and HEADRACE_GOOGLE_CLIENT_SECRET"
        case "redirect_uri_mismatch":
            return "enter the address of the callback at the OAuth client (see docs/guides/accounts.md)"
        case _:
            return "try again later"
