"""Accounts in a test's database, and a scripted Google to refresh them at."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pytest_httpserver import HTTPServer

from headrace import Headrace, Record, uuid7
from headrace.keyring import new_key
from headrace_crm.accounts import store
from headrace_crm.accounts.access import AccessTokens
from headrace_crm.accounts.sealing import seal_token
from headrace_crm.app import create_app
from headrace_crm.config import GoogleSettings, Settings
from headrace_crm.mail.owners import claim_owner

GMAIL_SCOPE = "https://www.googleapis.com/auth/gmail.readonly"


@dataclass
class AccountsBench:
    """The CRM, open, on a database and a scripted Google."""

    app: Headrace
    google: GoogleSettings
    tokens: AccessTokens
    server: HTTPServer
    records: list[Record]

    async def account(
        self, email: str, *, ends_in: timedelta, access: str = "access-0", refresh: str = "refresh-0"
    ) -> UUID:
        """Links an account as if Google had given these tokens."""
        account_id, keys, now = uuid7(), self.app.key_service(), datetime.now(UTC)
        async with self.app.transaction() as tx:
            await store.link_account(
                tx.connection,
                account_id,
                owner_id=await claim_owner(tx.connection, [email]),
                provider="google",
                email=email,
                scopes=[GMAIL_SCOPE],
                access_token=await seal_token(keys, access, account_id=account_id, place="access_token"),
                refresh_token=await seal_token(keys, refresh, account_id=account_id, place="refresh_token"),
                expires_at=now + ends_in,
                now=now,
            )
        return account_id

    def answer_refresh(self, access: str, **more: object) -> None:
        """Has Google answer one refresh."""
        self.server.expect_oneshot_request("/token", method="POST").respond_with_json(
            {"access_token": access, "expires_in": 3599, "token_type": "Bearer", "scope": GMAIL_SCOPE, **more}
        )

    async def show(self, account_id: UUID) -> store.Account:
        async with self.app.pool.acquire() as connection:
            return await store.get_account(connection, account_id)

    async def events(self) -> list[str]:
        """The types of all domain and operational events of accounts, oldest first."""
        async with self.app.pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT type FROM headrace.event WHERE type LIKE 'account.%' ORDER BY position"
            )
        return [row["type"] for row in rows]


def google_settings(server: HTTPServer, **more: str) -> GoogleSettings:
    """Settings that lead to the server for everything."""
    return GoogleSettings(
        client_id="client-id",
        client_secret="client-secret",
        auth_url=server.url_for("/auth"),
        token_url=server.url_for("/token"),
        revoke_url=server.url_for("/revoke"),
        jwks_url=server.url_for("/certs"),
        gmail_url=server.url_for(""),
        **more,
    )


@pytest.fixture
def secret_keys(monkeypatch: pytest.MonkeyPatch) -> str:
    """A key ring in the environment."""
    key = new_key()
    monkeypatch.setenv("HEADRACE_SECRET_KEYS", key)
    return key


@pytest.fixture
async def accounts(database: str, secret_keys: str, httpserver: HTTPServer) -> AsyncIterator[AccountsBench]:
    google = google_settings(httpserver)
    records: list[Record] = []
    app = create_app(database, settings=Settings(google=google))
    app.telemetry.subscribe(records.append)
    async with app:
        yield AccountsBench(app, google, AccessTokens(app, google), httpserver, records)
