"""Accounts in the browser: who may see and change them, and a sign-in that nobody else can end."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from fix_accounts import AccountsBench
from fix_console import HOST, bearer, client_of, token_for
from headrace.console.access import COOKIE, list_requests
from headrace.testing import VirtualClock
from headrace_crm.app import create_app
from headrace_crm.config import Settings, WebSettings
from headrace_crm.mail.sync.store import MirrorStore, get_mailbox
from headrace_crm.web import create_web

HOUR = timedelta(hours=1)
LINK = "/accounts/google/link"
ACCOUNTS = "/crm/accounts"
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
    assert (answer.status_code, answer.headers["location"]) == (303, ACCOUNTS)
    assert "crm_sign_in" not in site.client.cookies
    page = await site.client.get(ACCOUNTS, headers=bearer(site.operator))
    assert re.search(r"ada@example.org.*pill-linked.*not begun", page.text, re.DOTALL)
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
    for page, told in ((ACCOUNTS, "needs sign-in"), (f"{ACCOUNTS}/{ada}", "Google says <code>invalid_grant</code>")):
        seen = await client.get(page, headers=viewer)
        assert (told in seen.text, "content-security-policy" in seen.headers) == (True, True)
        for offered in (LINK, "Unlink", "Look at it now"):
            assert offered not in seen.text
        operators = await client.get(page, headers=bearer(site.operator))
        assert f'href="{LINK}?email=ada%40example.org"' in operators.text
    unlink = f"{ACCOUNTS}/{ada}/unlink"
    for method, path in (("GET", LINK), ("GET", unlink), ("POST", unlink), ("POST", f"{ACCOUNTS}/{ada}/act")):
        refused = await client.request(method, path, headers=viewer)
        assert refused.status_code == 403, path
    # A token that is for other things neither sees mailboxes nor links them.
    jobs = bearer(await token_for(accounts.app, "admin", name="jobs", scopes=["jobs"]))
    for path in (ACCOUNTS, f"{ACCOUNTS}/{ada}", LINK):
        refused = await client.get(path, headers=jobs)
        assert (refused.status_code, "scope subjects" in refused.text) == (403, True), path
    # Nobody that is known: a browser is led to the log-in, a program told.
    old = await client.get("/accounts")
    assert (old.status_code, old.headers["location"]) == (303, ACCOUNTS)
    sent = await client.get(ACCOUNTS)
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Fcrm%2Faccounts")
    assert (await client.get(LINK, headers=bearer("hr_nonsense"))).status_code == 401
    assert (await client.post(unlink)).status_code == 401
    # Logged in by the form, and a page of another site tries to use that.
    logged_in = await client.post("/login", data={"token": site.operator, "next": ACCOUNTS})
    assert (logged_in.status_code, COOKIE in client.cookies) == (303, True)
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert (await client.post(unlink, headers=foreign)).status_code == 403
    asked = await client.get(unlink)
    assert "Unlink ada@example.org?" in asked.text
    assert (await accounts.show(ada)).status == "needs_sign_in"
    done = await client.post(unlink)
    assert (done.status_code, done.headers["location"]) == (303, f"{ACCOUNTS}/{ada}?did=unlink")
    assert (await accounts.show(ada)).status == "unlinked"
    after = (await client.get(done.headers["location"])).text
    assert ("Mail that was read stays" in after, "Link it again" in after) == (True, True)
    nobody = f"{ACCOUNTS}/00000000-0000-0000-0000-000000000000"
    missing = [await client.get(nobody), await client.post(f"{nobody}/unlink"), await client.post(unlink + "x")]
    assert [one.status_code for one in missing] == [404, 404, 404]
    async with accounts.app.pool.acquire() as connection:
        told = [(one.actor, one.action, one.status) for one in await list_requests(connection)]
    assert told == [("olive", "accounts.unlink", 404), ("olive", "accounts.unlink", 303)]


async def test_a_mailbox_is_looked_at_paused_and_gone_on_with_by_an_operator(site: Site):
    accounts, client = site.accounts, site.client
    client.headers.update(bearer(site.operator))
    assert "No mailbox is linked yet" in (await client.get(ACCOUNTS)).text
    ada = await accounts.account("ada@example.org", ends_in=HOUR)
    here = f"{ACCOUNTS}/{ada}"

    async def act(what: str) -> httpx.Response:
        return await client.post(f"{here}/act", data={"act": what})

    assert "The first sync has not begun" in (await client.get(here)).text
    early = await act("pause")
    assert (early.status_code, "the first sync of ada@example.org has not begun" in early.text) == (409, True)
    for wrong in ("", "eat <b>", "list"):
        assert (await act(wrong)).status_code == 400
    async with accounts.app.transaction() as tx:
        state = await get_mailbox(tx.connection, ada)
        mirror = await MirrorStore(tx.connection, state).begin_pass(7, now=accounts.app.clock.now())
        import_id = uuid4()
        await tx.connection.execute(
            "INSERT INTO crm.import (job_id, owner_id, account_id, source, paths, fingerprints, bytes_total,"
            " started_at, read_count, new_count, batch_count, batches_done)"
            " VALUES ($1, $2, $3, 'gmail', '{}', '{}', 0, now(), 4000, 1000, 80, 20)",
            import_id,
            state.owner_id,
            ada,
        )
        await mirror.advance_listing("more", import_id=import_id, is_done=False)
    for path in (ACCOUNTS, here):
        page = (await client.get(path)).text
        assert ("1,000 of 4,000 so far" in page, 'width="25.0"' in page) == (True, True), page
    assert "Pause older mail" in (await client.get(here)).text
    for what, then in (("pause", "Go on with older mail"), ("resume", "Pause older mail"), ("sync", "Look at it now")):
        done = await act(what)
        assert (done.status_code, done.headers["location"]) == (303, f"{here}?did={what}")
        page = (await client.get(done.headers["location"])).text
        assert (then in page, 'role="status"' in page) == (True, True)
    kinds = await accounts.rows("SELECT kind FROM headrace.run ORDER BY kind")
    assert {kind for (kind,) in kinds} >= {"email-sync-incremental", "email-sync-deep"}
    async with accounts.app.pool.acquire() as connection:
        told = [(one.action, one.status, one.subject["account"]) for one in await list_requests(connection)]
    assert told == [
        ("accounts.sync", 303, "ada@example.org"),
        ("accounts.resume", 303, "ada@example.org"),
        ("accounts.pause", 303, "ada@example.org"),
        ("accounts.pause", 409, "ada@example.org"),
    ]


async def test_behind_a_proxy_google_sends_people_to_the_address_that_is_set(site: Site):
    settings = Settings(google=site.accounts.google, web=WebSettings(public_url="https://crm.example.org/"))
    async with client_of(create_web(site.accounts.app, settings)) as client:
        asked = await Site(site.accounts, client, site.operator).begin()
    assert asked["redirect_uri"] == "https://crm.example.org" + CALLBACK


async def test_health_says_what_keeps_it_from_working(site: Site):
    for path in ("/health", "/health/ready"):
        healthy = await site.client.get(path)
        assert (healthy.status_code, healthy.json()) == (200, {"status": "ready", "reasons": {}})
    assert (await site.client.get("/health/live")).json() == {"status": "live"}
    nowhere = create_app("postgresql://127.0.0.1:1/nowhere", settings=Settings())
    async with client_of(create_web(nowhere, Settings())) as client:
        ill = await client.get("/health")
        assert (ill.status_code, ill.json()["reasons"]) == (503, {"database": "the app is not open"})
        assert (await client.get("/health/live")).status_code == 200
