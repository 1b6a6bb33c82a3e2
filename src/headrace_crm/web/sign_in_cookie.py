"""A sign-in under way, kept by the browser that began it: sealed, for ten minutes, for no other site to send."""

import base64
import binascii
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from headrace import KeyService, SecretKeyError
from headrace.console import Principal, Role
from headrace_crm.accounts.signing_in import LinkError, SignIn

COOKIE: Final = "crm_sign_in"
LIFETIME: Final = timedelta(minutes=10)

_CONTEXT: Final = b"headrace_crm sign-in"
_LARGEST = 3_000


class _Kept(msgspec.Struct, frozen=True):
    state: str
    verifier: str
    redirect_uri: str
    owner_addresses: tuple[str, ...]
    ends_at: datetime
    name: str
    role: Role
    token_id: UUID | None


async def keep(
    response: Response, request: Request, keys: KeyService, sign_in: SignIn, principal: Principal, *, now: datetime
) -> None:
    """Gives the browser the sign-in, with who began it: they come back by way of another site. Raises LinkError."""
    kept = _Kept(
        sign_in.state,
        sign_in.verifier,
        sign_in.redirect_uri,
        sign_in.owner_addresses,
        now + LIFETIME,
        principal.name,
        principal.role,
        principal.token_id,
    )
    sealed = await keys.wrap(msgspec.json.encode(kept), context=_CONTEXT)
    value = base64.urlsafe_b64encode(sealed).decode()
    if len(value) > _LARGEST:
        raise LinkError("too many addresses of the owner for one sign-in; leave some out", code="too_large")
    response.set_cookie(
        COOKIE,
        value,
        max_age=int(LIFETIME.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


async def kept(request: Request, keys: KeyService, *, now: datetime) -> tuple[SignIn, Principal]:
    """The sign-in that this browser began, and who began it. Raises LinkError for none, or one that took too long."""
    try:
        sealed = base64.urlsafe_b64decode(request.cookies.get(COOKIE, ""))
        found = msgspec.json.decode(await keys.unwrap(sealed, context=_CONTEXT), type=_Kept)
    except (binascii.Error, ValueError, SecretKeyError):
        raise LinkError("this browser began no sign-in here; begin again", code="state") from None
    if now >= found.ends_at:
        raise LinkError(f"the sign-in took longer than {LIFETIME}; begin again", code="timeout")
    sign_in = SignIn(
        state=found.state,
        verifier=found.verifier,
        redirect_uri=found.redirect_uri,
        owner_addresses=found.owner_addresses,
    )
    return sign_in, Principal(found.name, found.role, token_id=found.token_id, is_session=True)


def forget(response: Response) -> None:
    """Takes the sign-in back from the browser."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
