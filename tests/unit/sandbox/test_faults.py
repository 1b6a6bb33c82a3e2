"""Failures on purpose, and the quotas: what is struck, how it looks, and what is counted."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.sandbox import Fault, Sandbox, read_faults
from headrace_crm.sandbox.counters import Counters
from headrace_crm.sandbox.faults import AT_THE_METHOD, ON_THE_WAY, Faults
from headrace_crm.sandbox.quota import Meter

PROFILE = "/gmail/v1/users/me/profile"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def struck(seed: int, *faults: Fault, requests: int = 200) -> list[int]:
    script = Faults(seed=seed, counters=Counters())
    script.add(*faults)
    return [number for number in range(requests) if script.draw("gmail.x", among=AT_THE_METHOD)]


def test_the_same_seed_strikes_the_same_requests():
    fault = Fault(kind="error", route="gmail.*", probability=0.1)
    assert struck(7, fault) == struck(7, fault) != struck(8, fault)
    assert 5 < len(struck(7, fault)) < 40


def test_a_fault_spares_the_first_ends_with_its_count_and_keeps_to_its_route():
    assert struck(7, Fault(kind="error", after=3, count=2)) == [3, 4]
    assert struck(7, Fault(kind="error", count=0)) == struck(7, Fault(kind="error", route="oauth.*")) == []
    assert struck(7, Fault(kind="cut")) == []
    assert struck(7, Fault(kind="error", count=1), Fault(kind="rate-limit", count=1)) == [0, 1]


@pytest.mark.parametrize("wrong", [{"probability": 1.5}, {"count": -1}, {"after": -1}, {"status": 200}])
def test_a_fault_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        Fault(kind="error", **wrong)


def test_faults_are_read_from_json_with_seconds():
    read = read_faults('[{"kind": "rate-limit", "retry_after": 2.5}, {"kind": "slow", "delay": 3, "count": 1}]')
    assert read == [
        Fault(kind="rate-limit", retry_after=timedelta(seconds=2.5)),
        Fault(kind="slow", delay=timedelta(seconds=3), count=1),
    ]
    for wrong in ('[{"kind": "flood"}]', '[{"kind": "error", "probability": 2}]', "{}", "["):
        with pytest.raises(ValueError, match=r"\S"):
            read_faults(wrong)


async def test_each_kind_looks_like_google_s_own_trouble(sandbox: Sandbox, gmail):
    sandbox.faults.add(
        Fault(kind="rate-limit", count=1, retry_after=timedelta(seconds=1.2)),
        Fault(kind="rate-limit", count=1, retry_after=None),
        Fault(kind="error", count=1, status=500),
        Fault(kind="expire-token", count=1),
    )
    answers = [await gmail("GET", "profile") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 429, 500, 401]
    assert [answer.headers.get("retry-after") for answer in answers] == ["2", None, None, None]
    reasons = [answer.json()["error"]["errors"][0]["reason"] for answer in answers]
    assert reasons == ["rateLimitExceeded", "rateLimitExceeded", "backendError", "authError"]
    assert (await gmail("GET", "profile")).status_code == 401
    gmail.token = sandbox.google.link().access_token
    assert (await gmail("GET", "profile")).status_code == 200
    assert sandbox.counters.faults() == 4


async def test_lost_history_is_404_at_once_and_for_every_older_id(sandbox: Sandbox, gmail):
    start = sandbox.google.mailbox().history_id
    sandbox.faults.add(Fault(kind="lose-history", route="gmail.users.history.list", count=1, after=1))
    statuses = [(await gmail("GET", "history", startHistoryId=start)).status_code for _ in range(3)]
    assert statuses == [200, 404, 404]
    now = (await gmail("GET", "profile")).json()["historyId"]
    assert (await gmail("GET", "history", startHistoryId=now)).status_code == 200


async def test_the_token_endpoint_can_fail_too(sandbox: Sandbox, browser):
    sandbox.faults.add(Fault(kind="error", route="oauth.token", count=1), Fault(kind="rate-limit", count=1))
    rules, tokens = sandbox.google.rules, sandbox.google.link()
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    client = {"client_id": rules.client_id, "client_secret": rules.client_secret}
    statuses = [(await browser.post("/token", data={**form, **client})).status_code for _ in range(3)]
    assert statuses == [503, 429, 200]


async def test_what_exceeds_the_quota_is_refused_until_the_minute_is_over(sandbox: Sandbox, gmail):
    sandbox.google.configure(user_units=45)
    message = sandbox.google.mailbox().messages[0]

    async def statuses(count: int) -> list[int]:
        return [(await gmail("GET", f"messages/{message.id}")).status_code for _ in range(count)]

    assert await statuses(3) == [200, 200, 429]
    assert (await gmail("GET", "profile")).status_code == 200
    refused = await gmail("GET", f"messages/{message.id}")
    assert 58 <= int(refused.headers["retry-after"]) <= 60
    assert (sandbox.google.units_used(), sandbox.google.most_units_in_a_minute()) == (41, 41)
    sandbox.advance(timedelta(seconds=60))
    sandbox.google.configure(quota_status=403)
    assert await statuses(3) == [200, 200, 403]
    assert sandbox.google.refused_overruns() == 3
    assert sandbox.google.most_units_in_a_minute() == 41
    snapshot = sandbox.google.snapshot()["units"][sandbox.google.emails[0]]
    assert (snapshot["total"], snapshot["refused"]) == (81, 3)


async def test_users_have_quotas_of_their_own_and_share_the_project_s(sandbox: Sandbox, gmail):
    sandbox.google.configure(user_units=10, project_units=15)
    sandbox.google.add_account("other@tidewheel.example")
    mine, theirs = gmail.token, sandbox.google.link("other@tidewheel.example").access_token
    statuses = []
    for token in [mine] * 3 + [theirs] * 2:
        gmail.token = token
        statuses.append((await gmail("GET", "messages")).status_code)
    assert statuses == [200, 200, 429, 200, 429]


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 40)), max_size=40))
def test_no_minute_ever_holds_more_units_than_the_limit(calls: list[tuple[int, int]]):
    meter, now, granted = Meter(), NOW, []
    for seconds, units in calls:
        now += timedelta(seconds=seconds)
        wait = meter.wait("key", units, limit=100, now=now)
        if wait is None:
            meter.charge("key", units, now=now)
            granted.append((now, units))
        else:
            assert timedelta(0) < wait <= timedelta(minutes=1)
            assert meter.wait("key", units, limit=100, now=now + wait - timedelta(microseconds=1)) is not None
            assert meter.wait("key", units, limit=100, now=now + wait) is None
            now += wait
    minutes = [
        sum(units for at, units in granted if start <= at < start + timedelta(minutes=1)) for start, _ in granted
    ]
    assert max(minutes, default=0) == meter.most("key") <= 100


async def test_answers_are_compressed_for_clients_that_say_so_twice(sandbox: Sandbox, browser):
    headers = {"Authorization": f"Bearer {sandbox.google.link().access_token}", "Accept-Encoding": "gzip"}
    target = "/gmail/v1/users/me/messages"
    plain = await browser.get(target, headers=headers)
    packed = await browser.get(target, headers={**headers, "User-Agent": "crm (gzip)"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert (
        int(packed.headers["content-length"])
        < len(plain.content)
        == len(json.dumps(plain.json(), separators=(",", ":")))
    )
    assert gzip.compress(plain.content, 1, mtime=0)[:2] == b"\x1f\x8b"


def test_on_the_way_and_at_the_method_are_different_faults():
    assert not ON_THE_WAY & AT_THE_METHOD
