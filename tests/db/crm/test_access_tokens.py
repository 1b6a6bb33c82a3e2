"""Access tokens: given out while they are good, renewed once, refused for good when Google says so."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from fix_accounts import AccountsBench
from headrace_crm.accounts.access import AccessTokens
from headrace_crm.accounts.model import AccountNotFoundError, NeedsSignInError
from headrace_crm.accounts.oauth import OAuthError

HOUR = timedelta(hours=1)


async def test_a_good_token_is_given_out_and_google_is_not_asked(accounts: AccountsBench):
    account_id = await accounts.account("ada@example.org", ends_in=HOUR)
    assert await accounts.tokens.access_token(account_id) == "access-0"
    assert accounts.server.log == []


async def test_many_who_ask_for_a_token_that_ends_cause_one_refresh_in_two_processes(accounts: AccountsBench):
    account_id = await accounts.account("ada@example.org", ends_in=timedelta(seconds=30))
    accounts.answer_refresh("access-1")
    other = AccessTokens(accounts.app, accounts.google)  # as another process has
    answers = await asyncio.gather(
        *(tokens.access_token(account_id) for tokens in [accounts.tokens, other] for _ in range(20))
    )
    assert set(answers) == {"access-1"}
    [(request, _)] = accounts.server.log
    assert parse_qs(request.get_data(as_text=True)) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["refresh-0"],
        "client_id": ["client-id"],
        "client_secret": ["client-secret"],
    }
    assert await accounts.events() == ["account.token_refreshed"]


async def test_a_token_that_was_refused_is_renewed_once_though_many_were_refused(accounts: AccountsBench):
    account_id = await accounts.account("ada@example.org", ends_in=HOUR)
    accounts.answer_refresh("access-1", refresh_token="refresh-1")
    answers = await asyncio.gather(*(accounts.tokens.access_token(account_id, refused="access-0") for _ in range(10)))
    assert set(answers) == {"access-1"}
    # A new refresh token that came with it is the one used from then on.
    accounts.answer_refresh("access-2")
    assert await accounts.tokens.access_token(account_id, refused="access-1") == "access-2"
    assert parse_qs(accounts.server.log[-1][0].get_data(as_text=True))["refresh_token"] == ["refresh-1"]


async def test_a_refused_account_needs_a_sign_in_and_google_is_not_asked_again(accounts: AccountsBench):
    account_id = await accounts.account("ada@example.org", ends_in=timedelta(0))
    accounts.server.expect_oneshot_request("/token").respond_with_json(
        {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, status=400
    )
    for _ in range(2):
        with pytest.raises(NeedsSignInError, match=r"account ada@example\.org needs a sign-in \(invalid_grant\)"):
            await accounts.tokens.access_token(account_id)
    assert len(accounts.server.log) == 1
    shown = await accounts.show(account_id)
    assert (shown.status, shown.status_reason, shown.expires_at) == ("needs_sign_in", "invalid_grant", None)
    [record] = [record for record in accounts.records if record.name == "account.needs_sign_in"]
    assert record.fields == {"account": account_id, "provider": "google", "reason": "invalid_grant"}


async def test_a_refresh_that_fails_otherwise_leaves_the_account_linked(accounts: AccountsBench):
    account_id = await accounts.account("ada@example.org", ends_in=timedelta(0))
    told = []
    for status, body in [
        (503, "<html>busy</html>"),
        (429, '{"error": "rate_limit_exceeded"}'),
        (401, '{"error": "invalid_client"}'),
        (200, "not json"),
        (200, '{"access_token": 5}'),
    ]:
        accounts.server.expect_oneshot_request("/token").respond_with_data(
            body, status=status, headers={"retry-after": "7"}
        )
        with pytest.raises(OAuthError) as raised:
            await accounts.tokens.access_token(account_id)
        told.append((raised.value.code, raised.value.status, raised.value.retry_after))
    wait = timedelta(seconds=7)
    assert told == [
        ("refused", 503, wait),
        ("rate_limit_exceeded", 429, wait),
        ("invalid_client", 401, wait),
        ("unreadable", 200, None),
        ("unreadable", 200, None),
    ]
    assert (await accounts.show(account_id)).status == "linked"


async def test_google_out_of_reach_and_an_unknown_account_are_told_apart(accounts: AccountsBench):
    account_id = await accounts.account("ada@example.org", ends_in=timedelta(0))
    accounts.server.stop()
    try:
        with pytest.raises(OAuthError) as raised:
            await accounts.tokens.access_token(account_id)
    finally:
        accounts.server.start()
    assert (raised.value.code, raised.value.status) == ("unreachable", None)
    with pytest.raises(AccountNotFoundError):
        await accounts.tokens.access_token((await accounts.show(account_id)).owner_id)
