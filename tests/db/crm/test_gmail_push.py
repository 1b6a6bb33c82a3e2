"""`POST /webhooks/gmail`: who is believed, and that each push is acted on once."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from fix_accounts import AccountsBench
from fix_apps import SOMEBODY_WAITS, eventually
from fix_console import client_of
from fix_push import ACCOUNT, AUDIENCE, Signer, claims_at, key_set, push_body
from headrace.testing import VirtualClock
from headrace_crm.accounts.jobs import FORGET_KIND
from headrace_crm.accounts.push_intake import SYNC_KIND, forget_pushes
from headrace_crm.accounts.unlinking import unlink
from headrace_crm.config import Settings
from headrace_crm.web import create_web
from headrace_crm.web.gmail_push import LARGEST
from headrace_crm.web.push_counts import PushCounts

HOUR = timedelta(hours=1)
PATH = "/webhooks/gmail"


@dataclass
class Hook:
    """The webhook of an open CRM, with ada's mailbox linked."""

    accounts: AccountsBench
    client: httpx.AsyncClient
    counts: PushCounts
    signer: Signer

    async def push(self, message_id: str, mailbox: str = "ada@example.org", *, token: str | None = None, **claims: Any):
        signed = token or self.signer.sign(claims_at(datetime.now(UTC), **claims))
        return await self.client.post(
            PATH, content=push_body(message_id, mailbox), headers={"authorization": f"Bearer {signed}"}
        )

    async def syncs(self) -> list[tuple]:
        """The syncs there are: of which account, and in which state."""
        return await self.accounts.rows(
            "SELECT args ->> 'account_id', state::text FROM headrace.job JOIN headrace.job_state USING (id)"
            " WHERE job.kind = $1 ORDER BY job.id",
            SYNC_KIND,
        )


@pytest.fixture
async def hook(accounts: AccountsBench, signers: tuple[Signer, Signer]) -> AsyncIterator[Hook]:
    if SYNC_KIND not in accounts.app.kinds.names():
        accounts.app.declare(SYNC_KIND)
    accounts.google = replace(accounts.google, push_audience=AUDIENCE, push_account=ACCOUNT)
    accounts.server.expect_request("/certs").respond_with_data(key_set(signers[0]))
    web = create_web(accounts.app, Settings(google=accounts.google))
    async with client_of(web) as client:
        yield Hook(accounts, client, web.state.push_counts, signers[0])


async def test_a_push_makes_one_sync_of_its_mailbox_that_is_committed_before_the_answer(hook: Hook):
    ada = await hook.accounts.account("ada@example.org", ends_in=HOUR)
    answer = await hook.push("1", "Ada@example.org")
    assert (answer.status_code, answer.content) == (204, b"")
    assert await hook.syncs() == [(str(ada), "pending")]
    # While it waits, more pushes add nothing to it.
    assert {(await hook.push(str(number))).status_code for number in range(2, 6)} == {204}
    assert len(await hook.syncs()) == 1
    assert hook.counts.totals == {"accepted": 5}
    assert [path for path in (request.path for request, _ in hook.accounts.server.log) if path == "/certs"] == [
        "/certs"
    ]


async def test_a_push_that_comes_while_a_sync_runs_makes_another(hook: Hook):
    app = hook.accounts.app
    await hook.accounts.account("ada@example.org", ends_in=HOUR)
    await hook.push("1")
    async with app.pool.acquire() as connection:
        await connection.execute(
            "UPDATE headrace.run SET state = 'processing', unique_key = NULL WHERE kind = $1", SYNC_KIND
        )
    await hook.push("2")
    assert [state for _, state in await hook.syncs()] == ["processing", "pending"]


async def test_a_push_that_comes_again_is_acknowledged_and_not_acted_on(hook: Hook):
    await hook.accounts.account("ada@example.org", ends_in=HOUR)
    answers = await asyncio.gather(*(hook.push("1") for _ in range(20)), hook.push("2"))
    assert {answer.status_code for answer in answers} == {204}
    assert hook.counts.totals == {"accepted": 2, "replayed": 19}
    assert (await hook.push("1")).status_code == 204
    assert await hook.accounts.rows("SELECT message_id FROM crm.push_message ORDER BY 1") == [("1",), ("2",)]
    # Another server process knows of it too, since the database does.
    other = create_web(hook.accounts.app, Settings(google=hook.accounts.google))
    async with client_of(other) as client:
        assert (await Hook(hook.accounts, client, other.state.push_counts, hook.signer).push("1")).status_code == 204
    assert other.state.push_counts.totals == {"replayed": 1}


async def test_whoever_is_not_the_subscription_is_refused_and_counted(hook: Hook, signers: tuple[Signer, Signer]):
    await hook.accounts.account("ada@example.org", ends_in=HOUR)
    now = datetime.now(UTC)
    long_ago = int((now - HOUR).timestamp())
    refused = {
        "forged": (401, {"token": signers[1].sign(claims_at(now), kid="key-0")}),
        "malformed": (401, {"token": hook.signer.sign(claims_at(now), alg="none")}),
        "expired": (401, {"exp": long_ago}),
        "early": (401, {"iat": int((now + HOUR).timestamp())}),
        "wrong_issuer": (403, {"iss": "https://accounts.example.org"}),
        "wrong_audience": (403, {"aud": "https://elsewhere.example.org"}),
        "wrong_account": (403, {"email": "eve@project.iam.gserviceaccount.example"}),
    }
    statuses = {}
    for name, (_, options) in refused.items():
        statuses[name] = (await hook.push(name, **options)).status_code
    assert statuses == {name: status for name, (status, _) in refused.items()}
    # More of the same: a key nobody has, an address nobody has verified, and no token in three ways.
    assert (await hook.push("x", token=signers[1].sign(claims_at(now)))).status_code == 401
    assert (await hook.push("x", email_verified=None)).status_code == 403
    for headers in ({}, {"authorization": "Basic YTpi"}, {"authorization": "Bearer "}):
        answer = await hook.client.post(PATH, content=push_body("x", "ada@example.org"), headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
    counted = dict.fromkeys(refused, 1) | {"forged": 2, "wrong_account": 2, "missing": 3}
    assert hook.counts.totals == counted
    assert await hook.syncs() == []
    assert await hook.accounts.rows("SELECT * FROM crm.push_message") == []
    # What was counted is told in one record, as a warning.
    hook.counts.tell()
    [record] = [record for record in hook.accounts.records if record.name == "pushes.counted"]
    assert (record.level, record.fields) == (logging.WARNING, {"counts": counted})


async def test_a_token_that_was_found_good_is_not_good_for_longer_than_it_says(
    hook: Hook, monkeypatch: pytest.MonkeyPatch, signers: tuple[Signer, Signer]
):
    await hook.accounts.account("ada@example.org", ends_in=HOUR)
    clock = VirtualClock(datetime(2031, 5, 1, 12, tzinfo=UTC))
    monkeypatch.setattr(hook.accounts.app, "clock", clock)
    hook.accounts.server.expect_request("/certs").respond_with_data(key_set(*signers))
    web = create_web(hook.accounts.app, Settings(google=hook.accounts.google))
    async with client_of(web) as client:
        mine = Hook(hook.accounts, client, web.state.push_counts, hook.signer)
        token = hook.signer.sign(claims_at(clock.now(), exp=int((clock.now() + timedelta(minutes=2)).timestamp())))
        for seconds, status in ((0, 204), (60, 204), (59, 204), (32, 401)):
            clock.advance(timedelta(seconds=seconds))
            assert (await mine.push(f"{clock.now()}", token=token)).status_code == status
    assert web.state.push_counts.totals == {"accepted": 3, "expired": 1}


async def test_a_mailbox_nobody_linked_or_somebody_unlinked_makes_no_sync(hook: Hook):
    ada = await hook.accounts.account("ada@example.org", ends_in=HOUR)
    assert (await hook.push("1", "nobody@example.org")).status_code == 204
    hook.accounts.server.expect_oneshot_request("/revoke").respond_with_json({})
    await unlink(hook.accounts.app, hook.accounts.google, ada, by="ada")
    assert (await hook.push("2")).status_code == 204
    assert hook.counts.totals == {"unknown": 2}
    assert await hook.syncs() == []


async def test_what_can_never_be_read_is_not_asked_for_again(hook: Hook):
    headers = {"authorization": f"Bearer {hook.signer.sign(claims_at(datetime.now(UTC)))}"}
    for content in (b"", b"{}", push_body("1", "ada@example.org") + b" " * LARGEST):
        assert (await hook.client.post(PATH, content=content, headers=headers)).status_code == 204
    assert hook.counts.totals == {"unreadable": 3}
    assert (await hook.client.get(PATH, headers=headers)).status_code == 405


async def test_what_cannot_be_taken_now_is_asked_for_again(hook: Hook, monkeypatch: pytest.MonkeyPatch):
    await hook.accounts.account("ada@example.org", ends_in=HOUR)
    hook.accounts.server.clear()  # the keys cannot be had
    answer = await hook.push("1")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert hook.counts.totals == {"unavailable": 1}
    unset = create_web(hook.accounts.app, Settings(google=replace(hook.accounts.google, push_account="")))
    async with client_of(unset) as client:
        assert (await Hook(hook.accounts, client, unset.state.push_counts, hook.signer).push("1")).status_code == 403
    assert unset.state.push_counts.totals == {"unconfigured": 1}


async def test_while_the_database_hangs_only_so_many_pushes_are_kept_and_all_come_again(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
):
    await hook.accounts.account("ada@example.org", ends_in=HOUR)
    assert (await hook.push("1")).status_code == 204
    monkeypatch.setattr("headrace_crm.accounts.push_intake._MOST_WAITING", 10)
    monkeypatch.setattr("headrace_crm.accounts.push_intake._MOST_TOGETHER", 5)
    async with hook.accounts.app.pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE crm.push_message IN ACCESS EXCLUSIVE MODE")
        first = asyncio.create_task(hook.push("2"))
        await eventually(lambda: hook.accounts.rows(f"SELECT 1 WHERE ({SOMEBODY_WAITS})"))
        sent = [asyncio.create_task(hook.push(str(number))) for number in range(3, 20)]
        await eventually(lambda: hook.counts.totals["busy"] == 7)
    answers = await asyncio.gather(first, *sent)
    assert sorted(answer.status_code for answer in answers) == [204] * 11 + [503] * 7
    assert hook.counts.totals == {"accepted": 12, "busy": 7}


async def test_pushes_are_forgotten_after_a_day(hook: Hook):
    app = hook.accounts.app
    await hook.accounts.account("ada@example.org", ends_in=HOUR)
    await hook.push("1")
    await hook.push("2")
    await hook.accounts.rows(
        "UPDATE crm.push_message SET received_at = now() - interval '25 hours' WHERE message_id = '1'"
    )
    assert await forget_pushes(app) == 1
    assert await hook.accounts.rows("SELECT message_id FROM crm.push_message") == [("2",)]
    assert FORGET_KIND in app.kinds.names()
