"""A person is erased from everything that is stored, and no mail brings them back."""

import asyncio
import json
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from typer.testing import CliRunner

from fix_crm import lend
from headrace import Headrace, uuid7
from headrace.testing import drain
from headrace_crm.app import create_app, create_desk
from headrace_crm.cli.root import app as crm_command
from headrace_crm.contacts.tags import tag_contact
from headrace_crm.enrichment.contact import lock_contact
from headrace_crm.enrichment.entering import enter_fields
from headrace_crm.mail.importing import start_import
from headrace_crm.maintenance.erasure import ask_erasure, list_erasures, read_erasure
from headrace_crm.maintenance.person import OwnerErasedError, find_whom
from headrace_crm.scores.people import list_contacts
from headrace_crm.search.desk import Question

pytestmark = pytest.mark.timeout(60)

OWNER = "olive@work.example"
GRACE = "Grace Harbour <grace@boats.example>"
ALSO_GRACE = "Grace Harbour <g.harbour@home.example>"
JOAN = "Joan Rivet <joan@rockets.example>"
CANARIES = ("boats.example", "home.example", "harbour", "keelhaul", "bilgepump", "shipwright")
LETTERS = [
    ("grace-1", GRACE, OWNER, "Bilgepump", "We must keelhaul it.", {}),
    ("olive-1", OWNER, GRACE, "Re: Bilgepump", "So we must keelhaul.", {"In-Reply-To": "<grace-1@x.example>"}),
    ("grace-2", ALSO_GRACE, OWNER, "From home", "The keelhaul again.", {"Reply-To": "grace@boats.example"}),
    ("grace-3", GRACE, f"{OWNER}, {JOAN}", "Plan", "To keelhaul on Monday.", {}),
    (
        "joan-1",
        JOAN,
        f"{OWNER}, {GRACE}",
        "Re: Plan",
        "Monday suits me.\n\nOn Monday, Grace Harbour <grace@boats.example> wrote:\n> To keelhaul on Monday.",
        {"In-Reply-To": "<grace-3@x.example>", "References": "<grace-3@x.example>"},
    ),
    (
        "joan-2",
        JOAN,
        OWNER,
        "Re: Plan",
        "It is settled.\n\nYou wrote on 2 March 2026 at 10:00:\n> > To keelhaul on Monday.\n> Fine.",
        {"References": "<grace-3@x.example> <joan-1@x.example>"},
    ),
    ("olive-2", OWNER, JOAN, "Regards", "Do you know Grace\nHarbour of grace@boats.example? Her valve is good.", {}),
    ("joan-3", JOAN, OWNER, "Valve", "The oxygen valve froze.", {}),
]


def write(path: Path) -> Path:
    path.write_text(
        "".join(
            f"From x@example.org Mon Mar  2 10:00:00 2026\nFrom: {sender}\nTo: {to}\nSubject: {subject}\n"
            + "".join(f"{name}: {value}\n" for name, value in more.items())
            + f"Date: Mon, 02 Mar 2026 10:{minute:02}:00 +0000\nMessage-ID: <{key}@x.example>\n\n{body}\n\n"
            for minute, (key, sender, to, subject, body, more) in enumerate(LETTERS)
        )
    )
    return path


@pytest.fixture
async def mailbox(database: str, tmp_path: Path):
    async with create_app(database) as app:
        await start_import(app, write(tmp_path / "box.mbox"), [OWNER], "latest")
        await drain(app)
        async with app.transaction() as tx:
            grace = await tx.connection.fetchval("SELECT id FROM crm.contact WHERE name = 'Grace Harbour'")
            contact = await lock_contact(tx.connection, grace)
            assert contact is not None
            await enter_fields(tx, contact, {"title": "Shipwright"}, now=app.clock.now())
            await tx.execute(
                "INSERT INTO crm.unparsed_message (owner_id, message_key, error, raw, size_bytes, source)"
                " SELECT owner_id, 'hash:1', 'broken', 'From: GRACE@boats.example'::bytea, 25, 'mbox' FROM crm.contact"
                " WHERE id = $1",
                grace,
            )
        desk = create_desk(app, channel="cli")
        await desk.ask(Question(text="what did Grace Harbour keelhaul?"))
        await desk.search(Question(text="valve"))
        await desk.ask(Question(text="what suits on Monday?"))
        async with app.transaction() as tx:
            # As a model may say it: without a name, and all the same from her words.
            await tx.execute("UPDATE crm.answer SET text = 'That on Monday.', about = '{}'")
        await drain(app)
        yield app


async def everything(connection: asyncpg.Connection) -> str:
    """Every row of every table as text, bytes as what they spell."""
    tables = await connection.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    assert len(tables) > 50
    rows = [row for table in tables for row in await connection.fetch(f"SELECT t::text AS row FROM {table['name']} t")]
    raw = await connection.fetch("SELECT encode(raw, 'escape') AS row FROM crm.unparsed_message")
    staged = await connection.fetch("SELECT encode(raw, 'escape') AS row FROM crm.import_item WHERE raw IS NOT NULL")
    return "\n".join(row["row"] for row in (*rows, *raw, *staged)).lower()


async def found_canaries(app: Headrace) -> set[str]:
    async with lend(app) as connection:
        dump = await everything(connection)
    return {canary for canary in CANARIES if canary in dump}


async def erase(app: Headrace, address: str) -> UUID:
    erasure_id, _ = await ask_erasure(app, address, by="test", reason="asked for")
    await drain(app)
    return erasure_id


async def test_nothing_of_a_person_is_left_and_no_import_brings_them_back(mailbox: Headrace, tmp_path: Path):
    assert await found_canaries(mailbox) == set(CANARIES)
    async with lend(mailbox) as connection:
        whom = await find_whom(connection, "Grace@Boats.example")
        assert whom.addresses == ("g.harbour@home.example", "grace@boats.example")
        assert (len(whom.contact_ids), whom.names, whom.words) == (1, ("Grace Harbour",), ("grace", "harbour"))
    done = await erase(mailbox, "grace@boats.example")
    assert await found_canaries(mailbox) == set()
    async with lend(mailbox) as connection:
        proof = await read_erasure(connection, done)
        assert (proof.stage, proof.addresses, proof.contact_ids) == ("done", (), whom.contact_ids)
        assert proof.counts == {
            "contacts_removed": 1,
            "labels_changed": 0,
            **{f"left_in_{what}": 0 for what in ("insights", "labels", "messages", "people", "questions", "tags")},
            "messages_changed": 3,
            "tags_removed": 0,
            "messages_removed": 4,
            "passages_removed": proof.counts["passages_removed"],
            "unreadable_removed": 1,
        }
        left = {row["message_key"]: row for row in await connection.fetch("SELECT * FROM crm.message")}
        assert sorted(left) == [f"{key}@x.example" for key in ("joan-1", "joan-2", "joan-3", "olive-2")]
        assert left["joan-1@x.example"]["body_text"] == "Monday suits me."
        assert left["joan-1@x.example"]["in_reply_to"] == []
        assert left["joan-2@x.example"]["body_text"] == "It is settled."
        assert left["joan-2@x.example"]["reference_ids"] == ["joan-1@x.example"]
        assert left["olive-2@x.example"]["body_text"] == "Do you know [erased] of [erased]? Her valve is good."
        (joan,) = await list_contacts(connection)
        assert (joan.name, joan.sent, joan.received) == ("Joan Rivet", 1, 3)
        assert await connection.fetchval("SELECT count(*) FROM crm.question") == 1
    suits = await create_desk(mailbox, channel="cli").search(Question(text="Monday suits"))
    assert [hit.body for hit in suits.hits] == ["Monday suits me."]

    await start_import(mailbox, write(tmp_path / "again.mbox"), [OWNER], "latest")
    await drain(mailbox)
    assert await found_canaries(mailbox) == set()
    async with lend(mailbox) as connection:
        assert await connection.fetchval("SELECT count(*) FROM crm.message") == 4

    again = await erase(mailbox, "grace@boats.example")
    async with lend(mailbox) as connection:
        assert set((await read_erasure(connection, again)).counts.values()) == {0}
        with pytest.raises(OwnerErasedError, match=r"olive@work\.example is an owner's address"):
            await find_whom(connection, OWNER)


async def test_the_owners_own_words_are_cleaned_where_they_name_the_person_and_told_where_they_may(mailbox: Headrace):
    async with mailbox.transaction() as tx:
        joan = await tx.fetchrow("SELECT id, owner_id FROM crm.contact WHERE name = 'Joan Rivet'")
        account_id = uuid7()
        await tx.execute(
            "INSERT INTO crm.account (id, owner_id, provider, email, scopes, status, linked_at, unlinked_at)"
            " VALUES ($1, $2, 'google', $3, '{}', 'unlinked', now(), now())",
            account_id,
            joan["owner_id"],
            OWNER,
        )
        names = ["Clients/GRACE  Harbour", "of grace@boats.example", "Harbour trips", "Gracious", "Boats"]
        await tx.execute(
            "INSERT INTO crm.mailbox_label (owner_id, account_id, label_id, name)"
            " SELECT $1, $2, number, name FROM unnest($3::text[]) WITH ORDINALITY AS given (name, number)",
            joan["owner_id"],
            account_id,
            names,
        )
        await tag_contact(
            tx, joan["owner_id"], joan["id"], ["friend of grace harbour", "grace", "vip"], now=mailbox.clock.now()
        )
        contact = await lock_contact(tx.connection, joan["id"])
        assert contact is not None
        await enter_fields(tx, contact, {"bio": "Sails with Grace."}, now=mailbox.clock.now())
        await tx.execute("UPDATE crm.message SET body_text = 'Ask Grace, or the (harbour).' WHERE subject = 'Valve'")
    database = mailbox.pool.dsn

    def erase_by_command() -> str:
        return CliRunner().invoke(crm_command, ["--database", database, "erase", "grace@boats.example", "--yes"]).output

    shown = await asyncio.to_thread(erase_by_command)
    for what in ("labels: 1 may", "tags: 1 may", "people: 1 may", "messages: 1 may", "rename such labels"):
        assert what in shown, shown
    assert "insights: " not in shown
    async with lend(mailbox) as connection:
        labels = await connection.fetch("SELECT name FROM crm.mailbox_label ORDER BY label_id")
        tags = await connection.fetch("SELECT tag FROM crm.contact_tag ORDER BY tag")
        (done,) = await list_erasures(connection)
        told = await connection.fetchval("SELECT words FROM crm.erasure")
    assert [row["name"] for row in labels] == ["Clients/[erased]", "of [erased]", *names[2:]]
    assert [row["tag"] for row in tags] == ["grace", "vip"]
    assert (done.counts["labels_changed"], done.counts["tags_removed"], told) == (2, 1, None)


async def test_mail_read_for_the_first_time_after_an_erasure_leaves_the_person_out(database: str, tmp_path: Path):
    async with create_app(database) as app:
        for address in ("grace@boats.example", "g.harbour@home.example"):
            await erase(app, address)
        await start_import(app, write(tmp_path / "box.mbox"), [OWNER], "latest")
        await drain(app)
        assert await found_canaries(app) == set()
        async with lend(app) as connection:
            (joan,) = await list_contacts(connection)
            assert (joan.name, joan.sent, joan.received) == ("Joan Rivet", 1, 3)


async def test_the_command_shows_and_asks_before_it_erases(mailbox: Headrace):
    database = mailbox.pool.dsn

    def command(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(crm_command, ["--database", database, *words])
        return result.exit_code, result.output

    code, shown = await asyncio.to_thread(command, "erase", "grace@boats.example", "--preview", "--json")
    assert (code, json.loads(shown)["written"], json.loads(shown)["concerned"]) == (0, 3, 7)
    code, shown = await asyncio.to_thread(command, "erase", "grace@boats.example")
    assert code == 2
    assert "look with --preview, and give --yes" in shown
    code, shown = await asyncio.to_thread(command, "erase", "nobody")
    assert code == 1
    assert "'nobody' is no e-mail address" in shown
    assert await found_canaries(mailbox) == set(CANARIES)
    code, shown = await asyncio.to_thread(command, "erase", "grace@boats.example", "--yes", "--json")
    assert (code, json.loads(shown)["stage"]) == (0, "done"), shown
    await drain(mailbox)
    assert await found_canaries(mailbox) == set()
    code, shown = await asyncio.to_thread(command, "erasures", "--json")
    assert [each["stage"] for each in json.loads(shown)] == ["done"]
