"""Linking: a code from Google becomes an account with tokens, in one commit with the event that tells it."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

import httpx
import msgspec

from headrace import Headrace, Transaction, bind, uuid7
from headrace_crm.accounts import oauth, store
from headrace_crm.accounts.events import AccountLinked, account_stream
from headrace_crm.accounts.model import GOOGLE, Account, Tokens
from headrace_crm.accounts.oauth import Grant
from headrace_crm.accounts.sealing import seal_token
from headrace_crm.accounts.signing_in import GMAIL_SCOPE, LinkError, SignIn
from headrace_crm.config import GoogleSettings
from headrace_crm.kit.http import open_client

ClaimOwner: TypeAlias = Callable[[Transaction, Iterable[str]], Awaitable[UUID]]
"""Finds or makes the owner of addresses, and holds its lock to the end of the transaction."""

_PROFILE: Final = "/gmail/v1/users/me/profile"


async def finish_sign_in(
    app: Headrace, google: GoogleSettings, sign_in: SignIn, code: str, *, claim_owner: ClaimOwner
) -> Account:
    """Exchanges the code of a sign-in, asks whose mailbox it is, and links that to its owner.

    A mailbox that is or was linked keeps its id and gets the new tokens. Raises LinkError, OAuthError,
    ConfigurationError without secret keys, and what `claim_owner` raises.
    """
    app.key_service()  # better before somebody's code is spent
    now = app.clock.now()
    async with open_client() as client:
        grant = await oauth.exchange_code(
            client, google, code=code, verifier=sign_in.verifier, redirect_uri=sign_in.redirect_uri, now=now
        )
        tokens = _tokens(grant)
        email = await _mailbox(client, google, tokens)
    return await link(
        app,
        email,
        tokens,
        scopes=grant.scopes,
        owner_addresses=sign_in.owner_addresses,
        claim_owner=claim_owner,
        now=now,
    )


async def link(
    app: Headrace,
    email: str,
    tokens: Tokens,
    *,
    scopes: Iterable[str],
    owner_addresses: Iterable[str] = (),
    claim_owner: ClaimOwner,
    now: datetime,
) -> Account:
    """Stores a mailbox that tokens were had for, seals them, and appends `account.linked`."""
    email, keys = email.strip().lower(), app.key_service()
    async with app.transaction() as tx:
        owner_id = await claim_owner(tx, [email, *owner_addresses])
        # The owner's lock is held: nobody else links this address between these two.
        known = await store.lock_place(tx.connection, GOOGLE, email)
        account_id = known or uuid7()
        await store.link_account(
            tx.connection,
            account_id,
            owner_id=owner_id,
            provider=GOOGLE,
            email=email,
            scopes=sorted(scopes),
            access_token=await seal_token(keys, tokens.access, account_id=account_id, place="access_token"),
            refresh_token=await seal_token(keys, tokens.refresh, account_id=account_id, place="refresh_token"),
            expires_at=tokens.expires_at,
            now=now,
        )
        with bind(user_id=str(owner_id)):
            await tx.append(
                AccountLinked(owner_id, account_id, GOOGLE, email, tuple(sorted(scopes)), known is None),
                stream=account_stream(account_id),
            )
        return await store.get_account(tx.connection, account_id)


def _tokens(grant: Grant) -> Tokens:
    if GMAIL_SCOPE not in grant.scopes:
        raise LinkError(
            "the sign-in did not allow mail to be read; begin again and leave that box ticked", code="scope"
        )
    if grant.refresh is None:
        raise LinkError(
            "Google gave no refresh token; remove this app at https://myaccount.google.com/permissions and begin again",
            code="no_refresh_token",
        )
    return Tokens(access=grant.access, refresh=grant.refresh, expires_at=grant.expires_at)


class _Profile(msgspec.Struct, frozen=True):
    email: str = msgspec.field(name="emailAddress")


async def _mailbox(client: httpx.AsyncClient, google: GoogleSettings, tokens: Tokens) -> str:
    try:
        answer = await client.get(
            google.gmail_url.rstrip("/") + _PROFILE, headers={"authorization": f"Bearer {tokens.access}"}
        )
    except httpx.HTTPError as error:
        raise LinkError(
            f"Gmail cannot be reached ({type(error).__name__}); begin again later", code="unreachable"
        ) from None
    if not answer.is_success:
        raise LinkError(
            f"Gmail did not tell whose mailbox it is: status {answer.status_code}; "
            "enable the Gmail API for the OAuth client's project, then begin again",
            code="profile",
        )
    try:
        return msgspec.json.decode(answer.content, type=_Profile).email
    except msgspec.MsgspecError:
        raise LinkError("Gmail's answer on whose mailbox it is cannot be read; begin again", code="profile") from None
