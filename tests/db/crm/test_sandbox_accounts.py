"""Accounts end to end against the sandbox: signed in by its consent, told of new mail by its pushes, ended."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from fix_accounts import AccountsBench
from fix_apps import eventually
from fix_console import bearer, token_for
from fix_push import push_body
from headrace_crm.accounts import store
from headrace_crm.accounts.access import AccessTokens
from headrace_crm.accounts.model import NeedsSignInError
from headrace_crm.accounts.oauth import OAuthError
from headrace_crm.accounts.push_intake import SYNC_KIND
from headrace_crm.accounts.unlinking import unlink
from headrace_crm.config import GoogleSettings, Settings
from headrace_crm.kit.signing_keys import PAUSE
from headrace_crm.sandbox import Fault, Sandbox
from headrace_crm.web import create_web
from headrace_crm.web.push_counts import PushCounts
from headrace_crm.web.serving import serving

LETTER = b"From: a@weir.example\r\nSubject: News\r\n\r\nHello\r\n"
PATH = "/webhooks/gmail"


@dataclass
class Town:
    """The CRM on a port, and the sandbox that it takes for Google."""

    accounts: AccountsBench
    sandbox: Sandbox
    google: GoogleSettings
    tokens: AccessTokens
    url: str
    counts: PushCounts

    @property
    def email(self) -> str:
        return self.sandbox.google.emails[0]

    async def link(self) -> UUID:
        """Signs in as a browser does, following Google's redirects."""
        operator = bearer(await token_for(self.accounts.app, "operator", name=f"olive-{time.monotonic_ns()}"))
        async with httpx.AsyncClient(base_url=self.url) as browser:
            begun = await browser.get("/accounts/google/link", params={"email": self.email}, headers=operator)
            consented = await browser.get(begun.headers["location"])
            back = await browser.get(consented.headers["location"])
            assert (back.status_code, back.headers["location"]) == (303, "/crm/accounts"), back.text
        async with self.accounts.app.pool.acquire() as connection:
            return (await store.find_account(connection, "google", self.email)).id

    async def ask_gmail(self, path: str, token: str, **json: object) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.sandbox.url, headers={"authorization": f"Bearer {token}"}) as client:
            return await client.request("POST" if json else "GET", f"/gmail/v1/users/me/{path}", json=json or None)


@pytest.fixture
async def town(accounts: AccountsBench, google_sandbox: Sandbox) -> AsyncIterator[Town]:
    if SYNC_KIND not in accounts.app.kinds.names():
        accounts.app.declare(SYNC_KIND)
    google_sandbox.google.configure(push_interval=timedelta(0), push_first_rest=timedelta(milliseconds=50))
    google = replace(google_sandbox.google_settings(), push_audience="the-crm")
    web = create_web(accounts.app, Settings(google=google))
    async with serving(web, host="127.0.0.1", port=0) as (server, _):
        yield Town(
            accounts, google_sandbox, google, AccessTokens(accounts.app, google), server.url, web.state.push_counts
        )


async def test_a_mailbox_is_linked_refreshed_and_unlinked_at_the_sandbox(town: Town):
    ada = await town.link()
    first = await town.tokens.access_token(ada)
    assert (await town.ask_gmail("profile", first)).json()["emailAddress"] == town.email
    # Google ends the access token and rotates refresh tokens: the caller was told 401, and asks for another.
    town.sandbox.google.configure(is_rotating=True)
    town.sandbox.google.expire_access_tokens()
    assert (await town.ask_gmail("profile", first)).status_code == 401
    renewed = await asyncio.gather(*(town.tokens.access_token(ada, refused=first) for _ in range(8)))
    assert len(set(renewed)) == 1
    again = await town.tokens.access_token(ada, refused=renewed[0])
    assert (await town.ask_gmail("profile", again)).status_code == 200
    # An outage at the token endpoint passes.
    town.sandbox.faults.add(Fault(kind="error", route="oauth.token", count=1))
    with pytest.raises(OAuthError):
        await town.tokens.access_token(ada, refused=again)
    last = await town.tokens.access_token(ada, refused=again)
    assert (await town.ask_gmail("watch", last, topicName=town.google.push_topic)).status_code == 200
    done = await unlink(town.accounts.app, town.google, ada, by="ada")
    assert (done.was_stopped, done.was_revoked) == (True, True)
    assert (await town.ask_gmail("profile", last)).status_code == 401
    town.sandbox.google.mailbox().deliver(LETTER)
    assert town.sandbox.counters.times("push.published") == 0
    assert await town.accounts.rows("SELECT 1 FROM crm.account WHERE access_token IS NOT NULL") == []
    assert await town.accounts.events() == ["account.linked"] + ["account.token_refreshed"] * 3 + ["account.unlinked"]


async def test_access_withdrawn_at_google_needs_a_sign_in_which_mends_it(town: Town):
    ada = await town.link()
    token = await town.tokens.access_token(ada)
    town.sandbox.google.revoke()
    assert (await town.ask_gmail("profile", token)).status_code == 401
    with pytest.raises(NeedsSignInError):
        await town.tokens.access_token(ada, refused=token)
    assert await town.link() == ada
    assert (await town.ask_gmail("profile", await town.tokens.access_token(ada))).status_code == 200


async def test_new_mail_is_pushed_and_acted_on_once_through_repeats_and_a_new_key(town: Town):
    google, rows = town.sandbox.google, town.accounts.rows
    google.subscribe(town.url + PATH, audience=town.google.push_audience)
    ada = await town.link()
    watched = await town.ask_gmail("watch", await town.tokens.access_token(ada), topicName=town.google.push_topic)
    assert watched.status_code == 200
    town.sandbox.faults.add(Fault(kind="repeat-push", route="pubsub.push"))
    for number in range(1, 4):
        google.mailbox().deliver(LETTER)
        await eventually(lambda number=number: town.counts.totals["accepted"] == number)
    await eventually(lambda: town.counts.totals["replayed"] >= 3)
    assert await rows("SELECT args ->> 'account_id' FROM headrace.job WHERE kind = $1", SYNC_KIND) == [(str(ada),)]
    assert await rows("SELECT count(*) FROM crm.push_message") == [(3,)]
    # A token for somebody else, and one whose time is over, in a request that is right otherwise.
    async with httpx.AsyncClient(base_url=town.url) as client:
        for token, status in (
            (google.sign_push(audience="somebody-else"), 403),
            (google.sign_push(audience="the-crm", exp=1), 401),
            (google.sign_push(audience="the-crm", email="eve@example.org"), 403),
            (google.sign_push(audience="the-crm"), 204),
        ):
            answer = await client.post(
                PATH, content=push_body(f"own-{status}", town.email), headers={"authorization": f"Bearer {token}"}
            )
            assert answer.status_code == status


async def test_a_key_that_the_sandbox_signs_with_from_now_on_is_learnt(town: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("headrace_crm.kit.signing_keys.PAUSE", PAUSE * 0)
    google = town.sandbox.google
    await town.link()
    async with httpx.AsyncClient(base_url=town.url) as client:
        for number in range(3):
            token = google.sign_push(audience="the-crm")
            answer = await client.post(
                PATH, content=push_body(f"m-{number}", town.email), headers={"authorization": f"Bearer {token}"}
            )
            assert answer.status_code == 204
            google.rotate_keys()
    assert town.counts.totals == {"accepted": 3}
