"""Renews what ends soon, for all accounts; and ends the unlinkings that were interrupted."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

import httpx

from headrace import Headrace, SecretKeyError
from headrace_crm.accounts import store
from headrace_crm.accounts.access import AccessTokens
from headrace_crm.accounts.model import AccountError, NeedsSignInError
from headrace_crm.accounts.oauth import OAuthError
from headrace_crm.accounts.unlinking import unlink
from headrace_crm.config import GoogleSettings
from headrace_crm.kit.http import open_client

AHEAD: Final = timedelta(minutes=15)
"""A token that ends within this time is renewed; three turns of the schedule, so that two may fail."""

_BATCH = 200
_AT_A_TIME = 4
_BEGINNING = (datetime.min.replace(tzinfo=UTC), UUID(int=0))

Found: TypeAlias = Literal["refreshed", "unchanged", "needs_sign_in", "failed"]


@dataclass(slots=True)
class Refreshed:
    """How many accounts were met and what became of them; `unlinked` are unlinkings that were ended."""

    refreshed: int = 0
    unchanged: int = 0
    needs_sign_in: int = 0
    failed: int = 0
    unlinked: int = 0

    def count(self, found: Iterable[Found]) -> None:
        for one in found:
            setattr(self, one, getattr(self, one) + 1)


async def refresh_all(app: Headrace, google: GoogleSettings, tokens: AccessTokens) -> Refreshed:
    """Renews every access token that ends within `AHEAD`, a few at a time; one that fails keeps nobody waiting.

    What failed is recorded, and met again at the next turn.
    """
    done = Refreshed()
    before, after = app.clock.now() + AHEAD, _BEGINNING
    turns = asyncio.Semaphore(_AT_A_TIME)
    async with open_client(connections=_AT_A_TIME) as client:

        async def one(account_id: UUID) -> Found:
            async with turns:
                return await _refresh(app, tokens, account_id, client)

        while True:
            async with app.pool.acquire() as connection:
                page = await store.list_ending(connection, before=before, after=after, limit=_BATCH)
            done.count(await asyncio.gather(*(one(account_id) for _, account_id in page)))
            if len(page) < _BATCH:
                break
            after = page[-1]
    await _end_unlinkings(app, google, done)
    return done


async def _refresh(app: Headrace, tokens: AccessTokens, account_id: UUID, client: httpx.AsyncClient) -> Found:
    try:
        return "refreshed" if await tokens.refresh(account_id, margin=AHEAD, client=client) else "unchanged"
    except NeedsSignInError:
        return "needs_sign_in"
    except AccountError:
        return "unchanged"
    except (OAuthError, SecretKeyError) as error:
        _tell(app, account_id, error)
        return "failed"


async def _end_unlinkings(app: Headrace, google: GoogleSettings, done: Refreshed) -> None:
    async with app.pool.acquire() as connection:
        left = await store.list_unlinking(connection)
    for account_id in left:
        try:
            await unlink(app, google, account_id, by="refresh-oauth-tokens")
            done.unlinked += 1
        except (OAuthError, SecretKeyError) as error:
            _tell(app, account_id, error)
            done.failed += 1


def _tell(app: Headrace, account_id: UUID, error: OAuthError | SecretKeyError) -> None:
    app.telemetry.emit("account.refused", level=logging.WARNING, error=error, account=account_id)
