"""What another process can turn and read."""

from datetime import timedelta

import pytest

PROFILE = "/gmail/v1/users/me/profile"


@pytest.fixture
def control(browser):
    async def control(verb: str, path: str, body: object = None, *, status: int = 200):
        answer = await browser.request(verb, f"/sandbox/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    return control


async def test_tokens_are_given_expired_and_revoked(sandbox, browser, control):
    async def status(token: str) -> int:
        return (await browser.get(PROFILE, headers={"Authorization": f"Bearer {token}"})).status_code

    token = (await control("POST", "google/link"))["access_token"]
    assert await status(token) == 200
    assert await control("POST", "google/expire-access-tokens") == {"expired": 1}
    assert await status(token) == 401
    email = sandbox.google.emails[0]
    token = (await control("POST", "google/link", {"email": email, "scopes": ["openid"]}))["access_token"]
    assert await status(token) == 403
    assert await control("POST", "google/revoke", {"email": email}) == {"revoked": 2}
    assert await status(token) == 401


async def test_counters_and_units_are_read_and_reset(sandbox, gmail, control):
    await gmail("GET", "profile")
    read = await control("GET", "counters")
    assert read["requests"] == {"gmail.users.getProfile": 1}
    assert read["answers"] == {"gmail.users.getProfile 200": 1}
    units = (await control("GET", "google"))["units"][sandbox.google.emails[0]]
    assert units == {"used": 1, "most": 1, "total": 1, "refused": 0}
    await control("DELETE", "counters", status=204)
    assert (await control("DELETE", "google/units"))["units"] == {}
    assert (await control("GET", "counters"))["requests"] == {}


async def test_faults_are_added_shown_and_cleared(sandbox, gmail, control):
    added = await control("POST", "faults", [{"kind": "error", "route": "gmail.users.getProfile", "status": 500}])
    assert added == await control("GET", "faults")
    assert (added[0]["status"], added[0]["probability"]) == (500, 1.0)
    assert (await gmail("GET", "profile")).status_code == 500
    await control("DELETE", "faults", status=204)
    assert (await gmail("GET", "profile")).status_code == 200
    assert "probability" in (await control("POST", "faults", [{"kind": "cut", "probability": 7}], status=400))["error"]


async def test_time_moves_forward_only(sandbox, control):
    moved = await control("POST", "clock", {"seconds": 90})
    assert moved["offset_seconds"] == 90
    assert sandbox.clock.offset == timedelta(seconds=90)
    await control("POST", "clock", {"seconds": -1}, status=400)
    await control("POST", "clock", {"minutes": 1}, status=400)
    assert (await control("GET", "clock"))["offset_seconds"] == 90


async def test_the_rules_of_google_are_changed_by_name(sandbox, control):
    changed = await control("PATCH", "google/rules", {"user_units": None, "access_token_lifetime": 60})
    assert changed["user_units"] is None
    assert sandbox.google.rules.access_token_lifetime == timedelta(minutes=1)
    assert sandbox.google.rules.project_units == 1_200_000
    for wrong in ({"user_unit": 5}, {"quota_status": 500}):
        await control("PATCH", "google/rules", wrong, status=400)


async def test_accounts_subscriptions_keys_and_history_are_within_reach(sandbox, control):
    added = await control("POST", "google/accounts", {"email": "New@tidewheel.example", "messages": 100})
    assert added == {"email": "new@tidewheel.example", "messages": 100}
    await control("POST", "google/accounts", {"email": "new@tidewheel.example"}, status=400)
    await control("POST", "google/revoke", {"email": "nobody@tidewheel.example"}, status=404)
    made = await control("POST", "google/subscriptions", {"endpoint": "http://127.0.0.1:9/push"})
    assert (made["audience"], made["topic"]) == ("http://127.0.0.1:9/push", sandbox.google.rules.push_topic)
    assert [each.name for each in sandbox.google.subscriptions] == [made["name"]]
    before = sandbox.google.mailbox().history_id
    assert (await control("POST", "google/lose-history"))["historyId"] > before
    kids = {(await control("POST", "google/rotate-keys"))["kid"] for _ in range(2)}
    assert len(kids) == 2
