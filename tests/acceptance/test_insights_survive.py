"""Workers that are killed while insights are looked for lose none of them, and tell none twice."""

import asyncio
import random
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from fix_crm import until
from fix_crm_workers import CrmWorkers
from headrace import Headrace, uuid7
from headrace_crm.app import create_app
from headrace_crm.insights import accept, dismiss, list_insights
from headrace_crm.insights.generating import look_at_all, mark_everybody
from headrace_crm.insights.jobs import DAILY_KIND, INSIGHTS_KIND
from headrace_crm.mail.owners import set_as_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PEOPLE = 600
KILLS = 2
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CONTENT = (
    "SELECT key, kind, fingerprint, state, score, text, message_ids, numbers::text FROM crm.insight"
    " WHERE owner_id = $1 ORDER BY key"
)
TOLD = "SELECT count(*) AS told, count(DISTINCT data->>'suggestion_id') AS facts FROM headrace.event WHERE type = $1"
FILL = (
    (
        "INSERT INTO crm.contact (id, owner_id, name, addresses) SELECT gen_random_uuid(), $1, 'Person ' || n,"
        " ARRAY[n || '@example.org'] FROM generate_series(1, $2::integer) AS n"
    ),
    "INSERT INTO crm.thread (owner_id) SELECT $1 FROM generate_series(1, 6 * $2::integer)",
    # Six threads each: answered letters 60 to 100 days ago, and a question of the last days with every third person.
    (
        "INSERT INTO crm.message (owner_id, message_key, thread_id, direction, is_bulk, sender_email, subject, sent_at,"
        " date_is_guessed, in_reply_to, reference_ids, is_automated, is_precedence_bulk, has_unsubscribe, is_list_post,"
        " body_text, attachments, labels, size_bytes, is_truncated, source) SELECT $1, n || ' ' || talk || ' ' || side,"
        " (SELECT min(id) FROM crm.thread) + 6 * (n - 1) + talk, CASE side WHEN 0 THEN 'received' ELSE 'sent' END,"
        " false, 'x@example.org', 'Mills ' || n, CASE talk WHEN 5 THEN $3::timestamptz - interval '5 days' ELSE"
        " $3 - interval '1 hour' * (24 * (60 + 9 * talk) - side) END, false, '{}', '{}', false, false, false, false,"
        " 'Could you look at wheel ' || n || '?', '[]', '{}', 1, false, 'test'"
        " FROM generate_series(1, $2::integer) AS n,"
        " generate_series(0, 5) AS talk, generate_series(0, 1) AS side WHERE talk < 5 OR (n % 3 = 0 AND side = 0)"
    ),
    (
        "INSERT INTO crm.interaction (message_id, contact_id, owner_id, direction, occurred_at)"
        " SELECT message.id, contact.id, $1, direction, sent_at FROM crm.message"
        " JOIN crm.contact ON contact.name = 'Person ' || split_part(message_key, ' ', 1)"
    ),
    (
        "INSERT INTO crm.message_address (message_id, position, owner_id, role, email, name)"
        " SELECT id, 0, $1, 'to', 'me@work.example', '' FROM crm.message"
    ),
)


async def fill(app: Headrace) -> UUID:
    owner_id = uuid7()
    async with app.transaction() as tx:
        await tx.execute("INSERT INTO crm.owner (id) VALUES ($1)", owner_id)
        await tx.execute("INSERT INTO crm.owner_address (owner_id, email) VALUES ($1, 'me@work.example')", owner_id)
        await set_as_of(tx.connection, owner_id, NOW)
        for query in FILL:
            args = [owner_id, PEOPLE, NOW]
            await tx.execute(query, *args[: max(number for number in (1, 2, 3) if f"${number}" in query)])
    return owner_id


async def storm(app: Headrace, connection: asyncpg.Connection, running: CrmWorkers, *, seed: int) -> int:
    """Kills workers while they look at people; how many kills hit them at it."""
    chance, hits, before = random.Random(seed), 0, 0
    await app.enqueue(DAILY_KIND)
    ended = "SELECT count(*) FROM headrace.outcome WHERE kind = $1"
    while not await connection.fetchval(ended, INSIGHTS_KIND):
        await asyncio.sleep(chance.uniform(0.02, 0.3))
        found = await connection.fetchval("SELECT count(*) FROM crm.insight")
        if hits < KILLS and found > before:
            before, hits = found, hits + 1
            running.kill(0)
            running.kill(1)
    return hits


async def test_no_insight_is_lost_or_told_twice_by_kills(database: str):
    async with create_app(database) as app, app.pool.acquire() as connection:
        owner_id = await fill(app)
        running = CrmWorkers({"HEADRACE_DATABASE_URL": database})
        try:
            hits = await storm(app, connection, running, seed=4)
            stormy = await connection.fetch(CONTENT, owner_id)
            told = await connection.fetchrow(TOLD, "ai.suggestion_generated")
            assert hits == KILLS
            assert {row["kind"] for row in stormy} == {"unanswered_question", "going_cold"}
            assert len(stormy) == PEOPLE
            assert tuple(told) == (PEOPLE, PEOPLE)
            assert await connection.fetchval("SELECT count(*) FROM crm.insight_due") == 0
            assert await connection.fetchval("SELECT count(*) FROM crm.insight_digest") == 1

            # Answers stay through another storm, which tells nothing.
            first, second = await list_insights(connection, owner_id, limit=2)
            async with app.transaction() as tx:
                await accept(tx, first.id, now=NOW)
                await dismiss(tx, second.id, now=NOW)
            await connection.execute("UPDATE crm.owner SET as_of_at = as_of_at + interval '1 day'")
            await app.enqueue(DAILY_KIND)
            ended = "SELECT count(*) FROM headrace.outcome WHERE kind = $1 AND state = 'completed'"

            async def is_half_done() -> bool:
                return await connection.fetchval("SELECT count(*) FROM crm.insight_due") in range(1, PEOPLE // 2)

            await until(is_half_done)
            running.kill(0)
            running.kill(1)

            async def is_done() -> bool:
                return await connection.fetchval(ended, INSIGHTS_KIND) == 2

            await until(is_done)
        finally:
            running.stop()
        assert tuple(await connection.fetchrow(TOLD, "ai.suggestion_generated")) == (PEOPLE, PEOPLE)
        states = dict(await connection.fetch("SELECT state, count(*) FROM crm.insight GROUP BY state"))
        assert states == {"open": PEOPLE - 2, "accepted": 1, "dismissed": 1}

        # And a calm look from nothing finds what the storm found.
        await connection.execute("DELETE FROM crm.insight")
        await set_as_of(connection, owner_id, NOW)
        await mark_everybody(app, owner_id)
        await look_at_all(app, owner_id)
        assert await connection.fetch(CONTENT, owner_id) == stormy
