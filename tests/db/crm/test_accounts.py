"""Accounts from their sign-in to their end."""

import asyncio
import json
import os
import re
import sys
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import msgspec
import pytest
from click.testing import Result
from typer.testing import CliRunner

from fix_accounts import GMAIL_SCOPE, AccountsBench
from fix_apps import eventually
from headrace import KeyRing, SecretKeyError
from headrace.keyring import new_key
from headrace_crm.accounts.linking import finish_sign_in
from headrace_crm.accounts.loopback import Loopback
from headrace_crm.accounts.model import UnlinkedError
from headrace_crm.accounts.oauth import OAuthError
from headrace_crm.accounts.rotation import rotate_keys
from headrace_crm.accounts.signing_in import LinkError, SignIn, challenge
from headrace_crm.accounts.unlinking import unlink
from headrace_crm.cli.root import app as command
from headrace_crm.mail.owners import OwnerError, claim_owner

HOUR = timedelta(hours=1)


class AboutAccount(msgspec.Struct, frozen=True):
    account_id: UUID


async def sealed_tokens(accounts: AccountsBench) -> list[bytes]:
    rows = await accounts.rows("SELECT access_token, refresh_token FROM crm.account")
    return [token for row in rows for token in row if token is not None]


async def sign_in(accounts: AccountsBench, **options: object):
    return await finish_sign_in(
        accounts.app, accounts.google, SignIn.begin("http://127.0.0.1:1/", **options), "code-1", claim_owner=claim_owner
    )


def environment(accounts: AccountsBench) -> dict[str, str]:
    """What leads the command to the bench's database and Google."""
    google = accounts.google
    return {
        "HEADRACE_DATABASE_URL": accounts.app.pool.dsn,
        "HEADRACE_GOOGLE_CLIENT_ID": google.client_id,
        "HEADRACE_GOOGLE_CLIENT_SECRET": google.client_secret,
        "HEADRACE_GOOGLE_AUTH_URL": google.auth_url,
        "HEADRACE_GOOGLE_TOKEN_URL": google.token_url,
        "HEADRACE_GOOGLE_REVOKE_URL": google.revoke_url,
        "HEADRACE_GOOGLE_GMAIL_URL": google.gmail_url,
    }


async def crm(accounts: AccountsBench, *arguments: str) -> Result:
    """What the command does, in a thread of this process."""
    return await asyncio.to_thread(CliRunner(env=environment(accounts)).invoke, command, arguments)


async def test_the_command_links_lists_and_unlinks_a_mailbox(accounts: AccountsBench):
    accounts.answer_code("ada@example.org")
    accounts.server.expect_oneshot_request("/revoke", data="token=refresh-1").respond_with_json({})
    accounts.server.expect_oneshot_request("/gmail/v1/users/me/stop", method="POST").respond_with_data("", status=204)
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "headrace_crm.cli",
            "accounts",
            "link",
            "google",
            "--owner",
            "Ada@work.example",
            "--json",
        ),
        env={**os.environ, **environment(accounts)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told = ""
    while not (found := re.search(r"^(http\S+/auth\?\S+)$", told, re.MULTILINE)):
        told += (await process.stderr.readline()).decode()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(found[1]).query).items()}
    async with httpx.AsyncClient(base_url=asked["redirect_uri"]) as browser:
        assert (await browser.get("favicon.ico")).status_code == 404
        assert (await browser.get("", params={"code": "code-1", "state": "another"})).status_code == 400
        answer = await browser.get("", params={"code": "code-1", "state": asked["state"]})
    assert (answer.status_code, answer.headers["referrer-policy"]) == (200, "no-referrer")
    out, _ = await process.communicate()
    linked = json.loads(out)
    assert (linked["email"], linked["status"], process.returncode) == ("ada@example.org", "linked", 0)

    exchange = parse_qs(accounts.request_to("/token").get_data(as_text=True))
    assert exchange["code"] == ["code-1"]
    assert exchange["redirect_uri"] == [asked["redirect_uri"]]
    assert challenge(exchange["code_verifier"][0]) == asked["code_challenge"]
    assert accounts.request_to("/gmail/v1/users/me/profile").headers["authorization"] == "Bearer access-1"
    async with accounts.app.pool.acquire() as connection:
        owned = await connection.fetch(
            "SELECT email FROM crm.owner_address WHERE owner_id = $1", UUID(linked["owner_id"])
        )
    assert {row["email"] for row in owned} == {"ada@example.org", "ada@work.example"}

    shown = await crm(accounts, "accounts", "list")
    assert re.search(r"^ada@example\.org +google +linked ", shown.stdout, re.MULTILINE)
    nobody = await crm(accounts, "accounts", "unlink", "nobody@example.org")
    assert nobody.stderr == "error: no account nobody@example.org; `crm accounts list` shows those there are\n"
    assert nobody.exit_code == 3
    removed = await crm(accounts, "accounts", "unlink", "ADA@example.org")
    assert removed.stdout == (
        "unlinked ada@example.org: pushes stopped, revoked at Google, 0 jobs cancelled, 0 schedules removed\n"
    )
    assert accounts.request_to("/gmail/v1/users/me/stop").headers["authorization"] == "Bearer access-1"
    assert await sealed_tokens(accounts) == []
    assert await accounts.events() == ["account.linked", "account.unlinked"]


async def test_a_mailbox_linked_again_keeps_its_id_and_its_owner(accounts: AccountsBench):
    accounts.answer_code("Ada@Example.org")
    first = await sign_in(accounts, owner_addresses=("ada@work.example",))
    accounts.answer_code("ada@example.org", access="access-2")
    again = await sign_in(accounts)
    assert (again.id, again.owner_id, again.email) == (first.id, first.owner_id, "ada@example.org")
    assert await accounts.tokens.access_token(first.id) == "access-2"
    async with accounts.app.pool.acquire() as connection:
        told = await connection.fetch(
            "SELECT data, user_id FROM headrace.event WHERE type = 'account.linked' ORDER BY position"
        )
    assert [json.loads(row["data"])["is_new"] for row in told] == [True, False]
    assert {row["user_id"] for row in told} == {str(first.owner_id)}


async def test_a_sign_in_that_gives_too_little_links_nothing(accounts: AccountsBench):
    told = []
    for given in [
        {"email": "ada@example.org", "scope": "openid"},
        {"email": "ada@example.org", "refresh_token": None},
        {"email": None},
    ]:
        accounts.answer_code(**given)
        with pytest.raises(LinkError) as raised:
            await sign_in(accounts)
        told.append(raised.value.code)
        accounts.server.clear()
    assert told == ["scope", "no_refresh_token", "profile"]
    accounts.server.expect_request("/token").respond_with_json({"error": "invalid_grant"}, status=400)
    with pytest.raises(OAuthError, match="Google did not take the authorisation code: invalid_grant"):
        await sign_in(accounts)
    # The address of somebody else's owner is not taken over.
    async with accounts.app.transaction() as tx:
        await claim_owner(tx, ["bob@example.org"])
        await claim_owner(tx, ["cy@example.org"])
    accounts.server.clear()
    accounts.answer_code("bob@example.org")
    with pytest.raises(OwnerError):
        await sign_in(accounts, owner_addresses=("cy@example.org",))
    assert await accounts.events() == []
    assert await sealed_tokens(accounts) == []


async def test_nobody_waits_for_a_browser_for_ever():
    async with Loopback() as loopback:
        with pytest.raises(LinkError) as raised:
            await loopback.answer(lambda _: True, patience=timedelta(milliseconds=20))
    assert raised.value.code == "timeout"


async def test_unlinking_stops_the_work_of_the_account_and_of_no_other(accounts: AccountsBench):
    app = accounts.app
    app.declare("look-at-account", args_type=AboutAccount)
    ada, bob = [await accounts.account(f"{name}@example.org", ends_in=HOUR) for name in ("ada", "bob")]
    jobs = [await app.enqueue("look-at-account", AboutAccount(one)) for one in (ada, ada, bob)]
    for one in (ada, bob):
        await app.schedules.create(f"sync {one}", "look-at-account", AboutAccount(one), every=HOUR)
    accounts.server.expect_oneshot_request("/revoke").respond_with_json({"error": "invalid_token"}, status=400)
    done = await unlink(app, accounts.google, ada, by="ada")
    # The server knows no `users.stop`, which is told and keeps nobody from being unlinked.
    assert (done.was_stopped, done.was_revoked, done.job_count, done.schedule_count) == (False, True, 2, 1)
    told = [record.fields for record in accounts.records if record.name == "account.still_watched"]
    assert told == [{"account": ada, "reason": "status 500"}]
    async with app.pool.acquire() as connection:
        states = dict(await connection.fetch("SELECT id, state FROM headrace.job_state"))
        payload = await connection.fetchval("SELECT data FROM headrace.event WHERE type = 'account.unlinked'")
    assert [states[job.id] for job in jobs] == ["cancelled", "cancelled", "pending"]
    assert f"sync {bob}" in {one.name for one in await app.schedules.all()}
    assert json.loads(payload) | {"owner_id": ""} == {
        "owner_id": "",
        "account_id": str(ada),
        "provider": "google",
        "email": "ada@example.org",
        "was_revoked": True,
    }
    # Once more is nothing more.
    assert not (await unlink(app, accounts.google, ada, by="ada")).was_revoked
    assert await accounts.events() == ["account.unlinked"]


async def test_an_unlinking_google_hinders_gives_out_no_token_and_is_ended_by_the_next_turn(
    accounts: AccountsBench,
):
    ada = await accounts.account("ada@example.org", ends_in=HOUR)
    accounts.server.expect_oneshot_request("/revoke").respond_with_data("", status=503)
    with pytest.raises(OAuthError):
        await unlink(accounts.app, accounts.google, ada, by="ada")
    with pytest.raises(UnlinkedError):
        await accounts.tokens.access_token(ada)
    assert (await accounts.show(ada)).status == "unlinking"
    accounts.server.expect_oneshot_request("/revoke").respond_with_json({})
    assert await accounts.refresh_all() == {"unlinked": 1}
    assert (await accounts.show(ada)).status == "unlinked"
    assert await sealed_tokens(accounts) == []


async def test_every_token_that_ends_soon_is_renewed_and_one_that_fails_stops_none(accounts: AccountsBench):
    soon, later = timedelta(minutes=10), timedelta(minutes=20)
    for name in ("ada", "bob", "cy", "dee"):
        await accounts.account(f"{name}@example.org", ends_in=soon, refresh=f"refresh-{name}")
    await accounts.account("eve@example.org", ends_in=later)
    for name in ("ada", "dee"):
        accounts.on_refresh(f"refresh-{name}").respond_with_json(
            {"access_token": "access-1", "expires_in": 3599, "scope": GMAIL_SCOPE}
        )
    accounts.on_refresh("refresh-bob").respond_with_json({"error": "invalid_grant"}, status=400)
    accounts.on_refresh("refresh-cy").respond_with_data("", status=500)
    assert await accounts.refresh_all() == {"refreshed": 2, "needs_sign_in": 1, "failed": 1}
    assert await accounts.events() == ["account.token_refreshed"] * 2
    assert [record.name for record in accounts.records].count("account.refused") == 1
    shown = await crm(accounts, "accounts", "list")
    assert re.search(
        r"^bob@\S+ +google +needs sign-in \(invalid_grant\): crm accounts link google", shown.stdout, re.MULTILINE
    )


async def test_a_job_ends_with_its_account_and_waits_as_long_as_google_asks(accounts: AccountsBench):
    ada = await accounts.account("ada@example.org", ends_in=timedelta(0))
    bob = await accounts.account("bob@example.org", ends_in=timedelta(0), refresh="refresh-bob")
    accounts.on_refresh("refresh-0").respond_with_json({"error": "invalid_grant"}, status=400)
    accounts.on_refresh("refresh-bob").respond_with_data("", status=503, headers={"retry-after": "3600"})
    app = accounts.app

    @app.job("reads-mail")
    async def reads_mail(args: AboutAccount) -> None:
        await accounts.tokens.access_token(args.account_id)

    ended, waits = [await app.enqueue("reads-mail", AboutAccount(one)) for one in (ada, bob)]

    async def settled() -> bool:
        [(state, wait)] = await accounts.rows(
            "SELECT (SELECT state::text FROM headrace.outcome WHERE job_id = $1),"
            " (SELECT run_at - clock_timestamp() FROM headrace.run WHERE job_id = $2 AND attempt = 1)",
            ended.id,
            waits.id,
        )
        return state == "cancelled" and wait is not None and wait > timedelta(minutes=59)

    async with app.process():
        await eventually(settled)


async def test_after_a_rotation_the_old_key_can_be_left_out(
    accounts: AccountsBench, secret_keys: str, monkeypatch: pytest.MonkeyPatch
):
    ada = await accounts.account("ada@example.org", ends_in=HOUR)
    new = new_key()
    rings = {name: KeyRing.from_text(text) for name, text in {"both": f"{new},{secret_keys}", "new": new}.items()}
    monkeypatch.setattr(accounts.app, "_secret_keys", rings["new"])
    with pytest.raises(SecretKeyError):
        await accounts.tokens.access_token(ada)
    monkeypatch.setattr(accounts.app, "_secret_keys", rings["both"])
    assert await accounts.tokens.access_token(ada) == "access-0"
    assert await rotate_keys(accounts.app) == 1
    assert all(rings["new"].is_current(sealed) for sealed in await sealed_tokens(accounts))
    monkeypatch.setattr(accounts.app, "_secret_keys", rings["new"])
    assert await accounts.tokens.access_token(ada) == "access-0"
