"""What is told of an owner's days and mail agrees with the mail, and is made again from the log alone."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from fix_crm import DEMO_ENDS_AT, lend, run_import, until, working
from headrace import Headrace
from headrace_crm.activity.summary import user_activity
from headrace_crm.analytics.jobs import ANALYTICS_KIND
from headrace_crm.analytics.store import list_letters, read_analytics
from headrace_crm.demo import DemoMailbox
from headrace_crm.mail.owners import find_owners, set_as_of
from headrace_crm.stats.projections import RECOUNT_KIND, RecountContact

pytestmark = pytest.mark.timeout(90)

STATS = (
    "SELECT contact_id, sent, received, first_at, last_at, last_sent_at, last_received_at "
    "FROM crm.contact_stats ORDER BY contact_id"
)


async def test_days_figures_and_recounts_agree_with_the_mail(crm: Headrace, demo_mailbox: DemoMailbox):
    async with working(crm) as app:
        summary = await run_import(app, demo_mailbox.path, demo_mailbox.owner_addresses)
        async with lend(app) as connection:
            owner_id = (await find_owners(connection, demo_mailbox.owner_addresses))[0]
            await set_as_of(connection, owner_id, DEMO_ENDS_AT)
            head = await connection.fetchval("SELECT max(position) FROM headrace.event")
            await app.projections.wait_for("user_activity", head)

            # Every day's row is what the mail itself says.
            counted = await connection.fetch(
                "SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, count(*) AS n FROM crm.interaction GROUP BY 1"
            )
            told = await connection.fetch("SELECT day, emails, interactions, contacts FROM crm.user_activity")
            assert {row["day"]: row["n"] for row in counted} == {
                row["day"]: row["interactions"] for row in told if row["interactions"]
            }
            assert sum(row["emails"] for row in told) == summary.new
            assert sum(row["contacts"] for row in told) == summary.contacts

            found = await user_activity(connection, owner_id, days=30, as_of=DEMO_ENDS_AT)
            first = DEMO_ENDS_AT.date() - timedelta(days=29)
            assert found.total_interactions == sum(row["n"] for row in counted if row["day"] >= first) > 0
            assert len(found.by_day) <= 30
            newest = await connection.fetchval("SELECT max(occurred_at) FROM crm.interaction")
            assert found.recent[0].occurred_at == newest
            assert found.recent[0].contact in found.recent[0].description

            # The figures are made once, a minute after the last batch.
            jobs = await connection.fetch("SELECT id FROM headrace.job WHERE kind = $1", ANALYTICS_KIND)
            assert len(jobs) == 1
            await connection.execute("UPDATE headrace.run SET run_at = now() WHERE job_id = $1", jobs[0]["id"])
            analytics = await until(lambda: read_analytics(connection, owner_id))
            letters = await list_letters(connection, owner_id, now=DEMO_ENDS_AT)
            assert analytics.as_of == DEMO_ENDS_AT
            assert analytics.figures.volumes[1].sent == sum(each.direction == "sent" for each in letters) > 0
            assert sum(analytics.figures.hours) == len(letters)

            # Stats that were damaged are what they were, once they were counted anew.
            before = await connection.fetch(STATS)
            victim = before[0]["contact_id"]
            await connection.execute("UPDATE crm.contact_stats SET sent = 77, first_at = NULL")
            await app.enqueue_many(RECOUNT_KIND, [RecountContact(row["contact_id"], "damaged") for row in before])

            async def is_mended() -> bool:
                return await connection.fetch(STATS) == before

            await until(is_mended)
            reason = await connection.fetchval(
                "SELECT data->>'reason' FROM headrace.event WHERE type = 'contact.recount_requested' "
                "AND aggregate_id = $1",
                str(victim),
            )
            assert reason == "damaged"


async def test_days_must_be_a_number_of_days_of_a_year(connection):
    with pytest.raises(ValueError, match="1 to 366, got 0"):
        await user_activity(connection, UUID(int=1), days=0, as_of=datetime(2026, 1, 1, tzinfo=UTC))
