"""Accounts in the browser: who may see and change them, and a sign-in that nobody else can end."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from fix_accounts import AccountsBench
from fix_console import HOST, bearer, client_of, token_for
from headrace.console.access import COOKIE, list_requests
from headrace.testing import VirtualClock
from headrace_crm.config import Settings, WebSettings
from headrace_crm.web import create_web

HOUR = timedelta(hours=1)
LINK = "/accounts/google/link"
CALLBACK = "/accounts/google/callback"


@dataclass
class Site:
    accounts: AccountsBench
    client: httpx.AsyncClient
    operator: str

    async def begin(self, **params: str) -> dict[str, str]:
        """Begins a sign-in as an operator; what Google is asked for."""
        answer = await self.client.get(LINK, params=params, headers=bearer(self.operator))
        assert answer.status_code == 303
        url = urlsplit(answer.headers["location"])
        assert f"{url.scheme}://{url.netloc}{url.path}" == self.accounts.google.auth_url
        return {name: values[0] for name, values in parse_qs(url.query).items()}


@pytest.fixture
async def site(accounts: AccountsBench) -> AsyncIterator[Site]:
    web = create_web(accounts.app, Settings(google=accounts.google))
    async with client_of(web) as client:
        yield Site(accounts, client, await token_for(accounts.app, "operator", name="olive"))


async def test_an_operator_links_a_mailbox_by_way_of_google_and_it_is_recorded(site: Site):
    asked = await site.begin(owner="ada@work.example", email="ada@example.org")
    assert asked["redirect_uri"] == HOST + CALLBACK
    assert asked["login_hint"] == "ada@example.org"
    [cookie] = [value for name, value in site.client.cookies.items() if name == "crm_sign_in"]
    assert asked["state"] not in cookie
    site.accounts.answer_code("ada@example.org")
    # Google sends the browser back: no token comes with that, and the session's cookie need not.
    answer = await site.client.get(CALLBACK, params={"code": "code-1", "state": asked["state"]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/accounts")
    assert "crm_sign_in" not in site.client.cookies
    page = await site.client.get("/accounts", headers=bearer(site.operator))
    assert re.search(r"ada@example.org.*<td>linked</td>.*Unlink", page.text, re.DOTALL)
    async with site.accounts.app.pool.acquire() as connection:
        [record] = await list_requests(connection)
    assert (record.actor, record.action, record.status) == ("olive", "accounts.link", 303)
    assert record.subject == {"provider": "google", "account": "ada@example.org"}
    [(actor, cause)] = await site.accounts.rows(
        "SELECT actor, causation_id FROM headrace.event WHERE type = 'account.linked'"
    )
    assert (actor, cause) == ("olive", record.id)
    # The same answer once more is worth nothing.
    again = await site.client.get(CALLBACK, params={"code": "code-1", "state": asked["state"]})
    assert (again.status_code, "this browser began no sign-in here" in again.text) == (400, True)


async def test_a_sign_in_is_ended_by_the_browser_that_began_it_alone_and_in_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    asked = await site.begin()
    kept = site.client.cookies["crm_sign_in"]
    good = {"code": "code-1", "state": asked["state"]}
    for cookies, params, reason in [
        ({}, good, "this browser began no sign-in here"),
        ({"crm_sign_in": kept[:-8] + "AAAAAAA="}, good, "this browser began no sign-in here"),
        ({"crm_sign_in": "é%%"}, good, "this browser began no sign-in here"),
        ({"crm_sign_in": kept}, good | {"state": "another"}, "belongs to no sign-in that was begun here"),
        ({"crm_sign_in": kept}, {"state": asked["state"], "error": "<b>denied"}, "&lt;b&gt;denied"),
    ]:
        site.client.cookies.clear()
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()).encode()}
        answer = await site.client.get(CALLBACK, params=params, headers=headers)
        assert (answer.status_code, reason in answer.text) == (400, True), (reason, answer.text)
    monkeypatch.setattr(site.accounts.app, "clock", VirtualClock(site.accounts.app.clock.now() + timedelta(minutes=11)))
    answer = await site.client.get(CALLBACK, params=good, headers={"cookie": f"crm_sign_in={kept}"})
    assert (answer.status_code, "took longer than" in answer.text) == (400, True)
    assert site.accounts.server.log == []
    assert await site.accounts.events() == []


async def test_google_s_refusal_of_a_code_is_shown(site: Site):
    asked = await site.begin()
    site.accounts.server.expect_request("/token").respond_with_json({"error": "invalid_client"}, status=401)
    answer = await site.client.get(CALLBACK, params={"code": "code-1", "state": asked["state"]})
    assert (answer.status_code, "check HEADRACE_GOOGLE_CLIENT_ID" in answer.text) == (502, True)
    async with site.accounts.app.pool.acquire() as connection:
        assert [(one.action, one.status) for one in await list_requests(connection)] == [("accounts.link", 502)]


async def test_viewers_look_and_only_operators_change(site: Site):
    accounts, client = site.accounts, site.client
    ada = await accounts.account("ada@example.org", ends_in=timedelta(0))
    accounts.on_refresh("refresh-0").respond_with_json({"error": "invalid_grant"}, status=400)
    await accounts.refresh_all()
    viewer = bearer(await token_for(accounts.app, "viewer"))
    page = await client.get("/accounts", headers=viewer)
    assert "<strong>Needs a sign-in</strong>: Google says invalid_grant" in page.text
    assert "Unlink" not in page.text
    assert "content-security-policy" in page.headers
    operators = await client.get("/accounts", headers=bearer(site.operator))
    assert f'href="{LINK}?email=ada%40example.org"' in operators.text
    unlink = f"/accounts/{ada}/unlink"
    for method, path in (("GET", LINK), ("POST", unlink)):
        refused = await client.request(method, path, headers=viewer)
        assert (refused.status_code, refused.json()["detail"]) == (
            403,
            "this needs the role operator, viewer has viewer",
        )
    # Nobody that is known: a browser is led to the log-in, a program told.
    sent = await client.get("/accounts")
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Faccounts")
    assert (await client.get("/accounts", headers=bearer("hr_nonsense"))).status_code == 401
    assert (await client.post(unlink)).status_code == 401
    # Logged in by the form, and a page of another site tries to use that.
    logged_in = await client.post("/login", data={"token": site.operator, "next": "/accounts"})
    assert (logged_in.status_code, COOKIE in client.cookies) == (303, True)
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert (await client.post(unlink, headers=foreign)).status_code == 403
    assert (await accounts.show(ada)).status == "needs_sign_in"
    done = await client.post(unlink)
    assert (done.status_code, done.headers["location"]) == (303, "/accounts")
    assert (await accounts.show(ada)).status == "unlinked"
    missing = await client.post("/accounts/00000000-0000-0000-0000-000000000000/unlink")
    assert missing.status_code == 404
    async with accounts.app.pool.acquire() as connection:
        told = [(one.actor, one.action, one.status) for one in await list_requests(connection)]
    assert told == [("olive", "accounts.unlink", 404), ("olive", "accounts.unlink", 303)]


async def test_behind_a_proxy_google_sends_people_to_the_address_that_is_set(site: Site):
    settings = Settings(google=site.accounts.google, web=WebSettings(public_url="https://crm.example.org/"))
    async with client_of(create_web(site.accounts.app, settings)) as client:
        asked = await Site(site.accounts, client, site.operator).begin()
    assert asked["redirect_uri"] == "https://crm.example.org" + CALLBACK


async def test_health_is_that_of_the_database(site: Site):
    healthy = await site.client.get("/health")
    assert (healthy.status_code, healthy.json()) == (200, {"status": "ok"})
    await site.accounts.app.close()
    ill = await site.client.get("/health")
    assert (ill.status_code, ill.json()["detail"]) == (503, "the database does not answer: ConfigurationError")
    await site.accounts.app.open()
