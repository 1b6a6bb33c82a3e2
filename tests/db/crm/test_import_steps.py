"""The import step by step, without workers: what each job asks for, by the testing kit."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from fix_crm import DEMO_ENDS_AT, Outcome, read_outcome, run_import, working
from headrace import Headrace
from headrace.testing import (
    VirtualClock,
    assert_appended,
    assert_enqueued,
    assert_no_jobs,
    assert_not_enqueued,
    drain,
    inline,
    opened,
)
from headrace_crm.analytics.jobs import ANALYTICS_KIND
from headrace_crm.app import create_app
from headrace_crm.contacts.events import ContactCreated
from headrace_crm.contacts.extraction import extract_contacts, people_finder
from headrace_crm.demo import DemoMailbox
from headrace_crm.enrichment.matching import FOLLOWING
from headrace_crm.insights.jobs import INSIGHTS_KIND
from headrace_crm.mail.events import EmailReceived, EmailSynced, SyncCompleted
from headrace_crm.mail.following import FindPeople, follow_mail
from headrace_crm.mail.importing import BATCH_KIND, EXTRACTION_KIND, IMPORT_KIND, ExtractContacts, start_import
from headrace_crm.mail.model import ParsedMessage
from headrace_crm.mail.owners import claim_owner, lock_owner
from headrace_crm.mail.parse import parse_message
from headrace_crm.mail.providers.mbox import read_mbox
from headrace_crm.mail.storing import ReadMessage, store_messages
from headrace_crm.mail.turns import Turns
from headrace_crm.scores.people import list_contacts
from headrace_crm.scores.settling import settled
from headrace_crm.stats.projections import SCORE_KIND

pytestmark = pytest.mark.timeout(60)

OWNER = "ada@example.org"
LETTER = """From x@example.org Mon Jan  5 10:00:00 2026
From: Bo Lind <bo@example.com>
To: ada@example.org
Subject: Harbour
Date: Mon, 05 Jan 2026 10:00:00 +0000
Message-ID: <1@example.org>

Words.

"""


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.mbox"
    path.write_text(LETTER)
    return path


@pytest.fixture
async def still(database: str):
    """The CRM, open on a clock that stands still."""
    async with opened(create_app, database, clock=VirtualClock(datetime(2026, 3, 1, tzinfo=UTC))) as app:
        yield app


async def test_reading_a_mailbox_asks_for_its_batches_and_nothing_else(still: Headrace, letter: Path):
    job_id = await start_import(still, letter, [OWNER])
    await assert_enqueued(still, IMPORT_KIND, {"paths": [str(letter)]}, queue="mail", count=1)
    await drain(still, kinds=[IMPORT_KIND])
    (batch,) = await assert_enqueued(still, BATCH_KIND, {"import_id": job_id}, state="pending")
    assert batch.parent_id == job_id
    await assert_not_enqueued(still, EXTRACTION_KIND)


async def test_a_score_is_asked_for_once_things_have_calmed_down(still: Headrace, letter: Path):
    await start_import(still, letter, [OWNER])
    await drain(still)
    (created,) = await assert_appended(still, ContactCreated, count=1)
    await assert_enqueued(still, SCORE_KIND, state="scheduled", delay=timedelta(seconds=1), count=1)
    assert (await drain(still, until=timedelta(seconds=1))).kinds == {SCORE_KIND: 1}
    async with still.pool.acquire() as connection:
        # Nothing waits or runs but what looks at the people, and a minute from now at the mail as a whole.
        kinds = await connection.fetch("SELECT kind FROM headrace.run ORDER BY run_at")
        assert [row["kind"] for row in kinds] == [INSIGHTS_KIND, ANALYTICS_KIND]
        (person,) = await list_contacts(connection)
    assert (person.name, person.received) == ("Bo Lind", 1)
    assert person.strength is not None
    assert created.correlation_id is not None


async def test_figures_are_calculated_a_minute_after_mail_and_once_however_much_comes(still: Headrace, letter: Path):
    await start_import(still, letter, [OWNER])
    await drain(still)
    (waiting,) = await assert_enqueued(still, ANALYTICS_KIND, state="scheduled", delay=timedelta(minutes=1), count=1)
    owner_id = waiting.args["owner_id"]
    clock = still.clock
    assert isinstance(clock, VirtualClock)
    for _ in range(3):
        clock.advance(timedelta(seconds=30))
        await still.append(EmailSynced(UUID(owner_id), None, 1, 0, 0))
        assert ANALYTICS_KIND not in (await drain(still, kinds=[ANALYTICS_KIND])).kinds
    # The last one counts, and puts off the one that waits.
    assert ANALYTICS_KIND not in (await drain(still, until=timedelta(seconds=59), kinds=[ANALYTICS_KIND])).kinds
    assert (await drain(still, until=timedelta(seconds=1), kinds=[ANALYTICS_KIND])).kinds == {ANALYTICS_KIND: 1}
    # Mail that never stops does not put it off for ever: ten minutes at most.
    ran = 0
    for _ in range(12):
        await still.append(EmailSynced(UUID(owner_id), None, 1, 0, 0))
        ran += (await drain(still, until=timedelta(seconds=55), kinds=[ANALYTICS_KIND])).kinds.get(ANALYTICS_KIND, 0)
    assert ran == 1


async def test_a_letter_is_stored_and_told_of_when_the_import_is_asked_for_inline(crm: Headrace, letter: Path):
    async with crm as app, inline(app) as done:
        await start_import(app, letter, [OWNER])
        await assert_appended(app, EmailReceived, {"is_bulk": False}, count=1)
        await assert_appended(app, SyncCompleted, count=1)
    assert done.kinds[BATCH_KIND] == 1


async def test_what_is_drained_comes_out_as_what_workers_make(
    crm: Headrace, still: Headrace, demo_mailbox: DemoMailbox
):
    await start_import(still, demo_mailbox.path, demo_mailbox.owner_addresses, "latest")
    await drain(still, until=timedelta(minutes=1))
    await assert_no_jobs(still)
    async with still.pool.acquire() as connection:
        drained = await read_outcome(connection)
        await connection.execute("TRUNCATE crm.owner CASCADE; TRUNCATE headrace.event; TRUNCATE headrace.stream")
    async with working(crm) as app:
        await run_import(app, demo_mailbox.path, demo_mailbox.owner_addresses)
        async with app.pool.acquire() as connection:
            worked = await read_outcome(connection)
    assert drained == worked


async def test_people_found_as_a_letter_is_stored_are_those_its_job_would_find(
    still: Headrace, demo_mailbox: DemoMailbox
):
    letters = [item.raw for item in read_mbox(demo_mailbox.path)][::6]
    at_once, left = await store_one_by_one(still, demo_mailbox, letters, people_finder(still, FOLLOWING))
    by_job, all_of_them = await store_one_by_one(still, demo_mailbox, letters, None)
    assert at_once.contacts
    # Only who turns out to be somebody else has letters looked at again. Evidence names ids that each run draws.
    merged = [[event for event in outcome.events if event[0] == "contact.merged"] for outcome in (at_once, by_job)]
    for outcome, events in zip((at_once, by_job), merged, strict=True):
        for event in events:
            del outcome.events[event]
    assert at_once == by_job
    joined = len(merged[0])
    assert len(merged[1]) == joined
    assert left == joined < all_of_them == len(letters)


async def store_one_by_one(
    app: Headrace, mailbox: DemoMailbox, letters: list[bytes], find_people: FindPeople | None
) -> tuple[Outcome, int]:
    """What letters make that come alone, each followed by the work of `contact-extraction`; how many left it any."""
    async with app.transaction() as tx:
        owner_id = await claim_owner(tx, mailbox.owner_addresses)
    left = 0
    for raw in letters:
        message = parse_message(raw, now=DEMO_ENDS_AT)
        key = message.message_key if isinstance(message, ParsedMessage) else "unparsed"
        async with app.transaction() as tx:
            owner = await lock_owner(tx.connection, owner_id)
            await store_messages(tx, owner, [ReadMessage(key, raw, message)], import_id=None, source="mbox")
            await follow_mail(tx, owner, find_people)
        left += bool(await extract_contacts(app, Turns(), ExtractContacts(owner_id), following=FOLLOWING))
    async with app.pool.acquire() as connection:
        backlog = await settled(connection, owner_id, now=DEMO_ENDS_AT)
        assert (backlog.messages, backlog.addresses) == (0, 0)
        outcome = await read_outcome(connection)
        await connection.execute("TRUNCATE crm.owner CASCADE; TRUNCATE headrace.event; TRUNCATE headrace.stream")
    return outcome, left
