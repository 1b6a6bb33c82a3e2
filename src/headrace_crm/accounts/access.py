"""Access tokens for whoever reads a mailbox, renewed once however many ask at a time."""

import asyncio
import logging
from datetime import timedelta
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

import httpx

from headrace import Headrace, Transaction, bind
from headrace_crm.accounts import oauth, store
from headrace_crm.accounts.events import AccountTokenRefreshed, account_stream
from headrace_crm.accounts.model import NeedsSignInError, UnlinkedError
from headrace_crm.accounts.oauth import OAuthError
from headrace_crm.accounts.sealing import open_token, seal_token
from headrace_crm.accounts.store import Held
from headrace_crm.config import GoogleSettings
from headrace_crm.kit.http import open_client

MARGIN: Final = timedelta(minutes=1)
"""A token that ends within this time is renewed before it is given out."""


class AccessTokens:
    """Gives out the access tokens of accounts: `await tokens.access_token(account_id)`.

    Refreshing is done under the lock of the account's row, so by one process at a time, and tasks of one process
    wait for each other before they take a connection.
    """

    def __init__(self, app: Headrace, google: GoogleSettings) -> None:
        self._app = app
        self._google = google
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def access_token(self, account_id: UUID, *, refused: str | None = None) -> str:
        """A token that is good for a minute at least, refreshed where it must be.

        `refused` is a token that a 401 came back for: it is not given out again. Raises NeedsSignInError where the
        provider has refused the account for good (its jobs should end, by `headrace.Cancel`), UnlinkedError,
        AccountNotFoundError, and OAuthError where a refresh failed and may be tried again.
        """
        async with self._app.pool.acquire() as connection:
            held = await store.get_tokens(connection, account_id)
        found = await self._usable(held, refused=refused)
        if found is not None:
            return found
        async with self._turn(account_id):
            return await self._refreshed(account_id, margin=MARGIN, refused=refused)

    async def refresh(self, account_id: UUID, *, margin: timedelta, client: httpx.AsyncClient | None = None) -> bool:
        """Renews the token if it ends within `margin`; whether it did. Raises as `access_token` does."""
        async with self._app.pool.acquire() as connection:
            before = await store.get_tokens(connection, account_id)
        async with self._turn(account_id):
            await self._refreshed(account_id, margin=margin, client=client)
        async with self._app.pool.acquire() as connection:
            return (await store.get_tokens(connection, account_id)).expires_at != before.expires_at

    def _turn(self, account_id: UUID) -> asyncio.Lock:
        turn = self._turns.get(account_id)
        if turn is None:
            turn = self._turns[account_id] = asyncio.Lock()
        return turn

    async def _refreshed(
        self,
        account_id: UUID,
        *,
        margin: timedelta,
        refused: str | None = None,
        client: httpx.AsyncClient | None = None,
    ) -> str:
        dead: OAuthError | None = None
        async with self._app.transaction() as tx:
            held = await store.lock_tokens(tx.connection, account_id)
            # Somebody else may have renewed it while this one waited for the lock.
            found = await self._usable(held, margin=margin, refused=refused)
            if found is not None:
                return found
            try:
                return await self._renew(tx, held, client)
            except OAuthError as error:
                if not error.is_final:
                    raise
                dead = error
                await store.require_sign_in(tx.connection, account_id, error.code)
        self._app.telemetry.emit(
            "account.needs_sign_in", level=logging.WARNING, account=account_id, provider=held.provider, reason=dead.code
        )
        raise NeedsSignInError(account_id, held.email, dead.code) from dead

    async def _usable(self, held: Held, *, margin: timedelta = MARGIN, refused: str | None = None) -> str | None:
        """The token held, if it may be given out; None where it must be renewed."""
        match held.status:
            case "needs_sign_in":
                raise NeedsSignInError(held.id, held.email, held.status_reason or "unknown")
            case "unlinking" | "unlinked":
                raise UnlinkedError(held.id, held.email)
            case "linked":
                pass
        if held.expires_at is None or held.access_token is None or held.expires_at - self._app.clock.now() <= margin:
            return None
        token = await open_token(self._app.key_service(), held.access_token, account_id=held.id, place="access_token")
        return None if token == refused else token

    async def _renew(self, tx: Transaction, held: Held, client: httpx.AsyncClient | None) -> str:
        keys, now = self._app.key_service(), self._app.clock.now()
        if held.refresh_token is None:  # the table's own check forbids it
            raise NeedsSignInError(held.id, held.email, "there is no refresh token")
        old = await open_token(keys, held.refresh_token, account_id=held.id, place="refresh_token")
        if client is None:
            async with open_client() as own:
                grant = await oauth.refresh(own, self._google, refresh_token=old, now=now)
        else:
            grant = await oauth.refresh(client, self._google, refresh_token=old, now=now)
        new = grant.refresh
        await store.write_tokens(
            tx.connection,
            held.id,
            access_token=await seal_token(keys, grant.access, account_id=held.id, place="access_token"),
            refresh_token=None
            if new is None
            else await seal_token(keys, new, account_id=held.id, place="refresh_token"),
            expires_at=grant.expires_at,
            now=now,
        )
        with bind(user_id=str(held.owner_id)):
            await tx.append(
                AccountTokenRefreshed(held.owner_id, held.id, held.provider, grant.expires_at),
                stream=account_stream(held.id),
            )
        return grant.access
