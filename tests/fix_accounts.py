"""Accounts in a test's database, and a scripted Google to refresh them at."""

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import pytest
from pytest_httpserver import HTTPServer, RequestHandler
from werkzeug import Request

from headrace import Headrace, Record, uuid7
from headrace.keyring import new_key
from headrace_crm.accounts import store
from headrace_crm.accounts.access import AccessTokens
from headrace_crm.accounts.refreshing import refresh_all
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
                owner_id=await claim_owner(tx, [email]),
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

    def on_refresh(self, refresh_token: str) -> RequestHandler:
        """What Google answers to every refresh of one token, to be given."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": self.google.client_id,
            "client_secret": self.google.client_secret,
        }
        return self.server.expect_request("/token", data=urlencode(form))

    def answer_code(
        self,
        email: str | None,
        *,
        access: str = "access-1",
        refresh_token: str | None = "refresh-1",
        scope: str = GMAIL_SCOPE,
    ) -> None:
        """Has Google answer one code with tokens, and Gmail tell whose mailbox it is; None: nobody's."""
        tokens = {"access_token": access, "expires_in": 3599, "token_type": "Bearer", "scope": scope}
        if refresh_token is not None:
            tokens["refresh_token"] = refresh_token
        self.server.expect_oneshot_request("/token", method="POST").respond_with_json(tokens)
        self.server.expect_oneshot_request("/gmail/v1/users/me/profile").respond_with_json(
            {"emailAddress": email, "messagesTotal": 1, "threadsTotal": 1, "historyId": "7"}
        )

    def request_to(self, path: str) -> Request:
        """The one request there was to a path."""
        [found] = [request for request, _ in self.server.log if request.path == path]
        return found

    async def refresh_all(self) -> dict[str, int]:
        """One turn of `refresh-oauth-tokens`: its counts that are not zero."""
        done = asdict(await refresh_all(self.app, self.google, self.tokens))
        return {name: count for name, count in done.items() if count}

    async def rows(self, query: str, *args: object) -> list[tuple]:
        """What a query finds."""
        async with self.app.pool.acquire() as connection:
            return [tuple(row) for row in await connection.fetch(query, *args)]

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
