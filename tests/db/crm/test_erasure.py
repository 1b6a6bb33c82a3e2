"""A person is erased from everything that is stored, and no mail brings them back."""

import asyncio
import json
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from typer.testing import CliRunner

from fix_crm import lend
from headrace import Headrace
from headrace.testing import drain
from headrace_crm.app import create_app, create_desk
from headrace_crm.cli.root import app as crm_command
from headrace_crm.enrichment.contact import lock_contact
from headrace_crm.enrichment.entering import enter_fields
from headrace_crm.mail.importing import start_import
from headrace_crm.maintenance.erasure import ask_erasure, read_erasure
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
        assert (len(whom.contact_ids), whom.names) == (1, ("Grace Harbour",))
    done = await erase(mailbox, "grace@boats.example")
    assert await found_canaries(mailbox) == set()
    async with lend(mailbox) as connection:
        proof = await read_erasure(connection, done)
        assert (proof.stage, proof.addresses, proof.contact_ids) == ("done", (), whom.contact_ids)
        assert proof.counts == {
            "contacts_removed": 1,
            "messages_changed": 3,
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
