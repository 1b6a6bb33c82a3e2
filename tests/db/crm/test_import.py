import asyncio
import gzip
import random
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fix_crm import lend, read_outcome, run_import, shared_mail, until, wait_settled, working
from headrace import Headrace, Snooze, WorkerOptions
from headrace_crm.demo import DemoMailbox
from headrace_crm.mail import reading, staging
from headrace_crm.mail.importing import ImportFileError, import_state, start_import
from headrace_crm.mail.model import ParsedMessage
from headrace_crm.mail.owners import OwnerError
from headrace_crm.mail.parse import parse_message
from headrace_crm.mail.providers.mbox import read_mbox
from headrace_crm.scores.people import (
    AmbiguousContactError,
    ContactNotFoundError,
    list_contacts,
    show_contact,
)

pytestmark = pytest.mark.timeout(60)

OWNER = "ada@example.org"
STATE_OF_JOB = "SELECT state::text FROM headrace.outcome WHERE job_id = $1"


def mbox(path: Path, *messages: str) -> Path:
    path.write_text("".join(f"From x@example.org Mon Jan  5 10:00:00 2026\n{message}\n\n" for message in messages))
    return path


def mail(
    number: int | str,
    sender: str,
    to: str,
    *headers: str,
    subject: str = "Harbour",
    sent_at: datetime = datetime(2026, 1, 5, 10, tzinfo=UTC),
) -> str:
    lines = [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Date: {sent_at:%a, %d %b %Y %H:%M:%S} +0000",
        f"Message-ID: <{number}@example.org>",
        *headers,
    ]
    return "\n".join(lines) + "\n\nWords."


async def outcome_of(app: Headrace):
    async with lend(app) as connection:
        return await read_outcome(connection)


async def people_of(app: Headrace) -> dict[str, tuple[int, int]]:
    async with lend(app) as connection:
        return {each.name: (each.sent, each.received) for each in await list_contacts(connection, limit=1000)}


async def test_a_mailbox_becomes_the_people_it_was_made_of(crm: Headrace, demo_mailbox: DemoMailbox):
    async with working(crm) as app:
        summary = await run_import(app, demo_mailbox.path, demo_mailbox.owner_addresses)
        async with lend(app) as connection:
            people = await list_contacts(connection, limit=1000)
    expected = {each.name: (each.sent, each.received) for each in demo_mailbox.people if each.sent + each.received}
    assert {each.name: (each.sent, each.received) for each in people} == expected
    for each in people:
        truth = next(person for person in demo_mailbox.people if person.name == each.name)
        assert set(each.addresses) <= set(truth.addresses)
        assert each.strength is not None
        assert each.strength > 0
    assert summary.messages == demo_mailbox.message_count
    assert summary.duplicates == demo_mailbox.duplicate_count
    assert summary.new == demo_mailbox.message_count - demo_mailbox.duplicate_count
    assert summary.contacts == len(people)
    assert summary.sent == sum(each.sent for each in people)
    assert summary.received == sum(each.received for each in people)


async def test_a_second_run_adds_nothing(crm: Headrace, demo_mailbox: DemoMailbox):
    async with working(crm) as app:
        first = await run_import(app, demo_mailbox.path, demo_mailbox.owner_addresses)
        before = await outcome_of(app)
        second = await run_import(app, demo_mailbox.path, demo_mailbox.owner_addresses)
        after = await outcome_of(app)
    assert second.new == 0
    assert second.messages == first.messages == second.duplicates
    assert (second.threads, second.contacts, second.sent, second.received) == (
        first.threads,
        first.contacts,
        first.sent,
        first.received,
    )
    assert {event[0] for event in after.events - before.events} == {"sync.started", "sync.completed", "email.synced"}
    assert not before.events - after.events
    assert (after.contacts, after.interactions, after.scores) == (before.contacts, before.interactions, before.scores)


async def test_every_event_of_an_import_is_there_once(crm: Headrace, demo_mailbox: DemoMailbox):
    async with working(crm) as app:
        summary = await run_import(app, demo_mailbox.path, demo_mailbox.owner_addresses)
        async with lend(app) as connection:
            counts = dict(await connection.fetch("SELECT type, count(*) FROM headrace.event GROUP BY type"))
            profiles = await connection.fetchval("SELECT count(*) FROM crm.contact_profile")
            causes = await connection.fetchval(
                "SELECT count(*) FROM headrace.event"
                " WHERE user_id IS NULL OR (causation_id IS NULL AND type <> 'user.signed_up')"
            )
    assert counts == {
        "user.signed_up": 1,
        "sync.started": 1,
        "sync.completed": 1,
        "email.synced": 1,
        "email.sent": counts["email.sent"],
        "email.received": summary.new - counts["email.sent"],
        "contact.created": summary.contacts,
        "interaction.email_sent": summary.sent,
        "interaction.email_received": summary.received,
        "interaction.recorded": summary.sent + summary.received,
        # Once for each contact that signs.
        "contact.enriched": profiles,
    }
    assert profiles > 1
    assert causes == 0


async def test_batches_are_children_of_the_import(crm: Headrace, demo_mailbox: DemoMailbox):
    async with working(crm) as app:
        job_id = await start_import(app, demo_mailbox.path, demo_mailbox.owner_addresses)
        await wait_settled(app, job_id)
        async with lend(app) as connection:
            state = await import_state(connection, job_id)
            progress = await connection.fetchrow("SELECT * FROM headrace.progress WHERE job_id = $1", job_id)
            left = await connection.fetchval("SELECT count(*) FROM crm.import_item")
    assert state.phase == "stored"
    assert state.batches_done == state.batch_count == 6
    assert (progress["child_count"], progress["ended_count"], progress["failed_count"]) == (6, 6, 0)
    assert state.bytes_read == state.bytes_total == demo_mailbox.byte_count
    assert left == 0


async def test_a_worker_with_one_hand_gives_a_reader_far_ahead_back(
    crm: Headrace, demo_mailbox: DemoMailbox, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(staging, "PIECE_MESSAGES", 100)
    monkeypatch.setattr(reading, "MOST_WAITING_BATCHES", 1)
    monkeypatch.setattr(reading, "_LOOKS_BEFORE_SNOOZE", 1)
    snoozed: list[timedelta] = []

    def snooze(after: timedelta) -> Snooze:
        snoozed.append(after)
        return Snooze(after)

    monkeypatch.setattr(reading, "Snooze", snooze)
    async with crm as app, app.process(WorkerOptions(concurrency=1)):
        summary = await run_import(app, demo_mailbox.path, demo_mailbox.owner_addresses)
        async with lend(app) as connection:
            attempts = await connection.fetchval("SELECT attempt FROM headrace.outcome WHERE kind = 'import-mbox'")
    assert summary.messages == demo_mailbox.message_count
    assert summary.new + summary.duplicates == summary.messages
    assert snoozed
    assert attempts == 1


async def test_owner_addresses_given_later_make_the_same_as_given_at_once(crm: Headrace, demo_mailbox: DemoMailbox):
    first, *others = demo_mailbox.owner_addresses
    assert others
    async with working(crm) as app:
        await run_import(app, demo_mailbox.path, [first])
        await run_import(app, demo_mailbox.path, demo_mailbox.owner_addresses)
        later = await outcome_of(app)
        async with lend(app) as connection:
            await connection.execute("TRUNCATE crm.owner CASCADE; TRUNCATE headrace.event; TRUNCATE headrace.stream")
        await run_import(app, demo_mailbox.path, demo_mailbox.owner_addresses)
        at_once = await outcome_of(app)
    for part in ("messages", "threads", "contacts", "interactions", "stats", "scores"):
        assert getattr(later, part) == getattr(at_once, part), part


async def test_an_address_found_to_be_a_list_loses_its_interactions(crm: Headrace, tmp_path: Path):
    first = mbox(
        tmp_path / "a", mail(1, "Bo Lind <bo@example.com>", OWNER), mail(2, f"Ada <{OWNER}>", "all@crew.example")
    )
    posts = [
        mail(n, f"P{n} Ode <p{n}@example.com>", f"all@crew.example, {OWNER}", "List-Post: <mailto:all@crew.example>")
        for n in (3, 4)
    ]
    async with working(crm) as app:
        await run_import(app, first, [OWNER])
        before = await people_of(app)
        await run_import(app, mbox(tmp_path / "b", *posts), [OWNER])
        after = await people_of(app)
        async with lend(app) as connection:
            events = dict(
                await connection.fetch(
                    "SELECT type, count(*) FROM headrace.event WHERE type ~ 'retracted|removed' GROUP BY type"
                )
            )
    assert before == {"Bo Lind": (0, 1), "all": (1, 0)}
    assert after == {"Bo Lind": (0, 1), "P3 Ode": (0, 1), "P4 Ode": (0, 1)}
    assert events == {"interaction.retracted": 1, "contact.removed": 1}


async def test_stats_narrow_when_an_interaction_is_retracted(crm: Headrace, tmp_path: Path):
    late = datetime(2026, 2, 1, tzinfo=UTC)
    first = mbox(
        tmp_path / "a",
        mail(1, f"Ada <{OWNER}>", "Bo Lind <bo@example.com>"),
        mail(2, "Bo Lind <bo@example.com>", f"{OWNER}", sent_at=late),
        mail(3, "Cy <other@example.net>", "Bo Lind <bo@example.com>"),
    )
    async with working(crm) as app:
        await run_import(app, first, [OWNER])
        # Whoever wrote the first message is no longer the owner's correspondent but the owner.
        await run_import(
            app, mbox(tmp_path / "b", mail(4, "Cy <other@example.net>", OWNER)), [OWNER, "other@example.net"]
        )
        async with lend(app) as connection:
            row = await connection.fetchrow("SELECT sent, received, first_at, last_at FROM crm.contact_stats")
    assert dict(row) == {
        "sent": 2,
        "received": 1,
        "first_at": datetime(2026, 1, 5, 10, tzinfo=UTC),
        "last_at": late,
    }


async def test_a_new_address_that_a_known_one_answers_for_joins_the_contact(crm: Headrace, tmp_path: Path):
    answers = mail(2, '"Lind, Bo" <lind@example.net>', OWNER, "Reply-To: bo@example.com")
    async with working(crm) as app:
        await run_import(app, mbox(tmp_path / "a", mail(1, "Bo Lind <bo@example.com>", OWNER)), [OWNER])
        await run_import(app, mbox(tmp_path / "b", answers), [OWNER])
        async with lend(app) as connection:
            (person,) = await list_contacts(connection)
            updates = await connection.fetchval("SELECT count(*) FROM headrace.event WHERE type = 'contact.updated'")
    assert person.addresses == ("bo@example.com", "lind@example.net")
    assert person.received == 2
    assert updates == 1


async def test_two_contacts_that_turn_out_to_be_one_stay_two(crm: Headrace, tmp_path: Path):
    async with working(crm) as app:
        await run_import(
            app,
            mbox(tmp_path / "a", mail(1, "Bo Lind <bo@example.com>", OWNER), mail(2, "B. <lind@example.net>", OWNER)),
            [OWNER],
        )
        await run_import(app, mbox(tmp_path / "b", mail(3, "Bo Lind <lind@example.net>", OWNER)), [OWNER])
        people = await people_of(app)
    assert sorted(people.values()) == [(0, 1), (0, 2)]


async def test_threads_that_a_later_import_joins_bring_new_scores(crm: Headrace, tmp_path: Path):
    asked = mail(1, "Bo Lind <bo@example.com>", OWNER, subject="One")
    answered = mail(2, f"Ada <{OWNER}>", "bo@example.com", subject="Two", sent_at=datetime(2026, 1, 5, 12, tzinfo=UTC))
    bridge = mail(3, "Cy <cy@example.com>", OWNER, "References: <1@example.org> <2@example.org>", subject="Three")
    async with working(crm) as app:
        await run_import(app, mbox(tmp_path / "a", asked, answered), [OWNER])
        async with lend(app) as connection:
            before = (await show_contact(connection, "bo@example.com")).person
        await run_import(app, mbox(tmp_path / "b", bridge), [OWNER])
        async with lend(app) as connection:

            async def answered_in_time() -> timedelta | None:
                return (await show_contact(connection, "bo@example.com")).person.median_response

            took = await until(answered_in_time)
            threads = await connection.fetchval("SELECT count(*) FROM crm.thread")
    assert before.median_response is None
    assert took == timedelta(hours=2)
    assert threads == 1


async def test_several_files_are_one_import(crm: Headrace, tmp_path: Path):
    files = [
        mbox(tmp_path / "a", mail(1, "Bo Lind <bo@example.com>", OWNER), mail(2, "Bo Lind <bo@example.com>", OWNER)),
        mbox(
            tmp_path / "b",
            mail(2, "Bo Lind <bo@example.com>", OWNER),
            mail(3, "Bo Lind <lind@example.net>", OWNER, "Reply-To: bo@example.com"),
        ),
    ]
    async with working(crm) as app:
        summary = await run_import(app, files, [OWNER])
        people = await people_of(app)
    assert (summary.messages, summary.new, summary.duplicates) == (4, 3, 1)
    assert people == {"Bo Lind": (0, 3)}


async def test_an_empty_file_is_an_import_of_nothing(crm: Headrace, tmp_path: Path):
    path = tmp_path / "empty"
    path.touch()
    async with working(crm) as app:
        summary = await run_import(app, path, [OWNER])
    assert (summary.messages, summary.contacts) == (0, 0)


async def test_unreadable_messages_are_kept_and_counted_again(crm: Headrace, tmp_path: Path):
    path = tmp_path / "a"
    path.write_bytes(b"From x Mon Jan  5 10:00:00 2026\n\x00\x01 no header here\n\n")
    async with working(crm) as app:
        first = await run_import(app, path, [OWNER])
        second = await run_import(app, path, [OWNER])
        async with lend(app) as connection:
            kept = await connection.fetch("SELECT error, raw FROM crm.unparsed_message")
    assert (first.messages, first.new, first.unparsed) == (1, 0, 1)
    assert (second.messages, second.new, second.unparsed) == (1, 0, 1)
    assert len(kept) == 1
    assert b"no header here" in kept[0]["raw"]


async def test_what_precedes_the_damage_in_a_file_is_imported(crm: Headrace, tmp_path: Path):
    noise = random.Random(7)
    whole = mbox(
        tmp_path / "whole",
        *(mail(n, "Bo Lind <bo@example.com>", OWNER) + noise.randbytes(4000).hex() for n in range(200)),
    )
    packed = gzip.compress(whole.read_bytes())
    path = tmp_path / "cut.gz"
    path.write_bytes(packed[: len(packed) * 3 // 4])
    async with working(crm) as app:
        job_id = await start_import(app, path, [OWNER], "latest")
        await wait_settled(app, job_id)
        async with lend(app) as connection:
            state = await import_state(connection, job_id)
            people = await list_contacts(connection)
            ended = await until(lambda: connection.fetchval(STATE_OF_JOB, job_id))
    assert 50 < state.new_count < 200
    assert [each.received for each in people] == [state.new_count]
    assert state.error is not None
    assert "cut off" in state.error
    assert ended == "failed"


async def test_a_file_that_vanished_ends_the_import_with_its_name(crm: Headrace, tmp_path: Path):
    path = mbox(tmp_path / "a", mail(1, "Bo Lind <bo@example.com>", OWNER))
    async with crm as app:
        job_id = await start_import(app, path, [OWNER])
        path.unlink()
        async with app.process():
            await wait_settled(app, job_id)
        async with lend(app) as connection:
            state = await import_state(connection, job_id)
    assert state.error is not None
    assert str(path) in state.error


async def test_a_file_that_is_not_there_is_refused_at_once(crm: Headrace, tmp_path: Path):
    async with crm as app:
        with pytest.raises(ImportFileError, match="No such file"):
            await start_import(app, tmp_path / "none", [OWNER])


async def test_addresses_of_two_owners_are_refused(crm: Headrace, tmp_path: Path):
    path = mbox(tmp_path / "a")
    async with crm as app:
        await start_import(app, path, ["a@example.org"])
        await start_import(app, path, ["b@example.org"])
        with pytest.raises(OwnerError, match="2 different owners"):
            await start_import(app, path, ["a@example.org", "B@example.org"])


@pytest.mark.parametrize("address", ["", "ada", "@example.org", "ada@"])
async def test_what_is_no_address_is_refused_as_an_owner(crm: Headrace, tmp_path: Path, address: str):
    async with crm as app:
        with pytest.raises(OwnerError):
            await start_import(app, mbox(tmp_path / "a"), [address])


async def test_two_imports_at_once_store_each_message_once(crm: Headrace, demo_mailbox: DemoMailbox):
    async with working(crm) as app:
        jobs = await asyncio.gather(
            *(start_import(app, demo_mailbox.path, demo_mailbox.owner_addresses, "latest") for _ in range(2))
        )
        for job_id in jobs:
            await wait_settled(app, job_id)
        async with lend(app) as connection:
            states = [await import_state(connection, job_id) for job_id in jobs]
            emails = await connection.fetchval(
                "SELECT count(*) FROM headrace.event WHERE type IN ('email.sent', 'email.received')"
            )
            owners = await connection.fetchval("SELECT count(*) FROM crm.owner")
    assert (
        sum(state.new_count for state in states) == emails == demo_mailbox.message_count - demo_mailbox.duplicate_count
    )
    assert owners == 1
    for state in states:
        assert state.new_count + state.duplicate_count + state.unparsed_count == state.read_count


async def test_scores_follow_a_change_of_what_they_take_for_now(crm: Headrace, tmp_path: Path):
    path = mbox(tmp_path / "a", mail(1, "Bo Lind <bo@example.com>", OWNER))
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    async with working(crm) as app:
        await run_import(app, path, [OWNER], "latest")
        async with lend(app) as connection:
            (fresh,) = await list_contacts(connection)
            (looked_at,) = await list_contacts(connection, as_of=moment)
            nobody = await list_contacts(connection, as_of=datetime(2000, 1, 1, tzinfo=UTC))
        await run_import(app, path, [OWNER], moment)
        async with lend(app) as connection:
            (aged,) = await list_contacts(connection)
    assert fresh.as_of == fresh.last_interaction_at
    assert aged.as_of == moment
    assert aged == looked_at
    assert aged.strength is not None
    assert fresh.strength is not None
    assert aged.strength < fresh.strength
    assert nobody == []


async def test_a_person_is_found_by_address_name_or_part_of_it(crm: Headrace, tmp_path: Path):
    path = mbox(
        tmp_path / "a",
        mail(1, "Bo Lind <bo@example.com>", OWNER),
        mail(2, "Bo Lindgren <lindgren@example.com>", OWNER),
    )
    async with working(crm) as app:
        await run_import(app, path, [OWNER])
        async with lend(app) as connection:
            by_address = await show_contact(connection, "BO@example.com")
            by_name = await show_contact(connection, "bo lind")
            by_part = await show_contact(connection, "gren@")
            with pytest.raises(AmbiguousContactError, match="2 people"):
                await show_contact(connection, "Lind")
            with pytest.raises(ContactNotFoundError, match="Zoe"):
                await show_contact(connection, "Zoe")
    assert by_address.person.name == by_name.person.name == "Bo Lind"
    assert by_part.person.name == "Bo Lindgren"
    assert [message.subject for message in by_name.messages] == ["Harbour"]


async def test_the_small_corpus_is_read_in_full_and_its_owner_of_four_addresses_is_one(crm: Headrace):
    path = shared_mail("small-300.mbox")
    told = shared_mail("README.md").read_text(encoding="utf-8").partition("owner of the main corpus")[2]
    owner = re.findall(r"`([^`\s]+@[^`\s]+)`", told)[:4]
    assert most_frequent_sender(path) in owner
    async with working(crm) as app:
        summary = await run_import(app, path, owner)
        async with lend(app) as connection:
            owners = await connection.fetch("SELECT owner_id, count(*) FROM crm.owner_address GROUP BY owner_id")
            own = await connection.fetchval(
                "SELECT count(*) FROM crm.contact WHERE addresses && $1 OR name IN"
                " (SELECT sender_name FROM crm.message WHERE sender_email = ANY ($1) AND sender_name <> '')",
                owner,
            )
            sent = await connection.fetchval(
                "SELECT count(*) FROM crm.message WHERE (direction = 'sent') <> (sender_email = ANY ($1))", owner
            )
    assert (summary.messages, summary.new, summary.duplicates, summary.unparsed) == (302, 302, 0, 0)
    assert summary.threads == 92
    assert summary.contacts > 50
    assert ([row["count"] for row in owners], own, sent) == ([4], 0, 0)


def most_frequent_sender(path: Path) -> str:
    """The owner of an archive of sent and received mail, found so that no address need stand in a test."""
    parsed = (parse_message(each.raw, now=datetime.now(UTC)) for each in read_mbox(path))
    senders = Counter(each.sender.email for each in parsed if isinstance(each, ParsedMessage) and each.sender)
    return senders.most_common(1)[0][0]
