"""Thousands of mailboxes beside a giant one: nobody's mail waits for it. Told by who comes when, and by no clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest

from fix_crm import until
from fix_mirror import GENEROUS, mirror_alone
from fix_scripted_mailboxes import ScriptedMailboxes
from headrace import Headrace, Unique
from headrace_crm.mail.sync.args import INCREMENTAL_KIND, SyncAccount

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]

ACCOUNTS = 2_000
GIANT = 10_000
"""New messages of the giant: two hundred batches, all of them older than anybody else's."""
BATCHES = GIANT // 50
NEWS = 3
"""New messages of everybody else: more than are fetched at once, so that they wait behind those batches."""


@asynccontextmanager
async def mirrored(database: str, provider: ScriptedMailboxes) -> AsyncIterator[tuple[Headrace, list[UUID]]]:
    """Accounts that were empty and wholly mirrored until now, on the mirror alone, with one worker."""
    # No quota and no schedule has a say: those would only hold the giant back.
    app = mirror_alone(database, provider, GENEROUS)
    async with app:
        async with app.transaction() as tx:
            await tx.execute(
                "INSERT INTO crm.owner (id) SELECT gen_random_uuid() FROM generate_series(0, $1::int)", ACCOUNTS
            )
            rows = await tx.fetch(
                """
                INSERT INTO crm.account (id, owner_id, provider, email, scopes, status, access_token, refresh_token,
                                         expires_at, linked_at)
                SELECT gen_random_uuid(), id, 'google', id || '@example.org', '{}', 'linked', '\\x01', '\\x01',
                       $1::timestamptz + interval '1 hour', $1
                FROM crm.owner RETURNING id
                """,
                datetime.now(UTC),
            )
            await tx.execute(
                """
                INSERT INTO crm.mailbox (account_id, owner_id, history_id, pass, listing, looked_at)
                SELECT id, owner_id, 0, 1, 'done', clock_timestamp() FROM crm.account
                """
            )
        async with app.process():
            yield app, [row["id"] for row in rows]


async def look(app: Headrace, accounts: list[UUID]) -> None:
    await app.enqueue_many(
        INCREMENTAL_KIND, [SyncAccount(each) for each in accounts], uniques=[Unique(scope="waiting")] * len(accounts)
    )


async def staged(app: Headrace) -> int:
    async with app.pool.acquire() as connection:
        return await connection.fetchval("SELECT count(*) FROM headrace.run WHERE kind = 'process-email-batch'")


async def test_a_giant_backlog_delays_nobody_else_and_goes_on_itself(database: str):
    provider = ScriptedMailboxes()
    async with mirrored(database, provider) as (app, accounts):
        giant, *others = accounts
        # Until all of it is staged, nothing is fetched: so the giant's two hundred batches are the first in line.
        await app.queues.pause("mail")
        provider.arrive(giant, GIANT)
        await look(app, [giant])

        async def is_giant_staged() -> bool:
            return await staged(app) == BATCHES

        await until(is_giant_staged)
        for account in others:
            provider.arrive(account, NEWS)
        await look(app, others)

        async def are_all_staged() -> bool:
            return await staged(app) == BATCHES + ACCOUNTS

        await until(are_all_staged)
        await app.queues.resume("mail")

        async def are_others_served() -> bool:
            served = {account for account, method in provider.calls if method == "batch"}
            return served.issuperset(others)

        await until(are_others_served)
        order = [account for account, method in provider.calls if method == "batch"]
        last = max(order.index(account) for account in others)
        turns = sum(account == giant for account in order[:last])
        # One turn in each circle of two thousand; a claim takes some of them ahead.
        assert 1 <= turns <= BATCHES // 10, turns
        assert sum(account == giant for account in order[:100]) <= 10

        # Somebody's new mail, while all that is left are the giant's batches: its look is the next that begins.
        begun = len(provider.calls)
        provider.arrive(others[7], 1)
        await look(app, [others[7]])

        async def is_looked_at() -> bool:
            return (others[7], "history") in provider.calls[begun:]

        await until(is_looked_at)
        meanwhile = provider.calls[begun : provider.calls.index((others[7], "history"), begun)]
        assert len(meanwhile) <= BATCHES // 10, meanwhile
