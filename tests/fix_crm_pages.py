"""A mailbox to look at in the CRM's pages, made without an import, with markup where people write."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from headrace import Headrace, uuid7
from headrace.testing import drain
from headrace_crm.accounts import store
from headrace_crm.analytics.figures import figures
from headrace_crm.analytics.store import list_letters, write_figures
from headrace_crm.app import create_desk
from headrace_crm.config import Settings
from headrace_crm.enrichment.contact import lock_contact
from headrace_crm.enrichment.entering import enter_fields
from headrace_crm.insights.model import Finding
from headrace_crm.insights.store import write
from headrace_crm.mail.importing import start_import
from headrace_crm.mail.owners import find_owners, set_as_of
from headrace_crm.mail.sync.store import MirrorStore, get_mailbox
from headrace_crm.search.desk import Question
from headrace_crm.web import create_web

XSS = "<img src=x onerror=window.stolen=1>"
OWNER = "olive@work.example"
MARCH = datetime(2026, 3, 1, 9, tzinfo=UTC)
_MESSAGE = (
    "INSERT INTO crm.message (owner_id, message_key, thread_id, direction, is_bulk, subject, sent_at,"
    " date_is_guessed, in_reply_to, reference_ids, is_automated, is_precedence_bulk, has_unsubscribe, is_list_post,"
    " body_text, attachments, labels, size_bytes, is_truncated, source)"
)
_TRENDS = ("growing", "steady", "fading", "new", "dormant")


@dataclass(frozen=True)
class Mailbox:
    """`people` are the ids of contacts, the strongest first; the first is written about with markup everywhere."""

    owner_id: UUID
    people: list[UUID]


async def add_mailbox(app: Headrace, *, people: int = 60, address: str = OWNER) -> Mailbox:
    """An owner and people of falling strength, every other one as strong as the one before."""
    owner_id, ids = uuid7(), [uuid7() for _ in range(people)]
    names = [f"Ada {XSS}", *(f"Person {number:03}" for number in range(1, people))]
    async with app.transaction() as tx:
        connection: asyncpg.Connection = tx.connection
        await connection.execute("INSERT INTO crm.owner (id) VALUES ($1)", owner_id)
        await connection.execute("INSERT INTO crm.owner_address (owner_id, email) VALUES ($1, $2)", owner_id, address)
        for number, (contact_id, name) in enumerate(zip(ids, names, strict=True)):
            sent_at = MARCH - timedelta(days=number)
            await connection.execute(
                "INSERT INTO crm.contact (id, owner_id, name, addresses) VALUES ($1, $2, $3, $4)",
                contact_id,
                owner_id,
                name,
                [f"p{number}@example.org"],
            )
            await connection.execute(
                "INSERT INTO crm.contact_stats (contact_id, owner_id, sent, received, first_at, last_at) "
                "VALUES ($1, $2, 3, 4, $3, $3)",
                contact_id,
                owner_id,
                sent_at,
            )
            await connection.execute(
                "INSERT INTO crm.contact_score (contact_id, owner_id, strength, trend, trend_value, reciprocity, "
                "median_response, sent, received, as_of, stats_version) "
                "VALUES ($1, $2, $3, $4, 0, 0.5, $5, 3, 4, $6, 1)",
                contact_id,
                owner_id,
                90 - number // 2 * 1.1,
                _TRENDS[number % 5],
                timedelta(hours=3),
                MARCH,
            )
        message_id = await _write(connection, owner_id, ids[0], f"Lunch {XSS}")
        text = f"You and Ada {XSS} have not written for 30 days; you usually do every 7 days"
        cold = Finding("going_cold", f"going_cold:{ids[0]}", "1", 0.5, text, (message_id,))
        await write(connection, owner_id, [(ids[0], cold)], told=(), as_of=MARCH, now=MARCH)
        contact = await lock_contact(connection, ids[0])
        assert contact is not None
        await enter_fields(tx, contact, {"title": f"Miller {XSS}", "organisation": "Mill & Sons"}, now=MARCH)
    return Mailbox(owner_id, sorted(ids, key=lambda each: (ids.index(each) // 2, each)))


async def _write(connection: asyncpg.Connection, owner_id: UUID, contact_id: UUID, subject: str) -> int:
    thread = await connection.fetchval("INSERT INTO crm.thread (owner_id) VALUES ($1) RETURNING id", owner_id)
    message = await connection.fetchval(
        f"{_MESSAGE} VALUES ($1, 'm1', $2, 'received', false, $3, $4, false, '{{}}', '{{}}', false, false, false,"
        " false, 'Soup', '[]', '{}', 1, false, 'test') RETURNING id",
        owner_id,
        thread,
        subject,
        MARCH,
    )
    await connection.execute(
        "INSERT INTO crm.interaction (message_id, contact_id, owner_id, direction, occurred_at)"
        " VALUES ($1, $2, $3, 'received', $4)",
        message,
        contact_id,
        owner_id,
        MARCH,
    )
    return message


async def join_threads(app: Headrace, owner_id: UUID, groups: Sequence[Sequence[UUID]]) -> None:
    """One thread for each group, with a message to everybody in it."""
    async with app.transaction() as tx:
        for number, group in enumerate(groups):
            thread = await tx.connection.fetchval(
                "INSERT INTO crm.thread (owner_id) VALUES ($1) RETURNING id", owner_id
            )
            message = await tx.connection.fetchval(
                f"{_MESSAGE} VALUES ($1, $2, $3, 'sent', false, 'Plan', $4, false, '{{}}', '{{}}', false, false, false,"
                " false, 'Soup', '[]', '{}', 1, false, 'test') RETURNING id",
                owner_id,
                f"g{number}",
                thread,
                MARCH,
            )
            await tx.connection.execute(
                "INSERT INTO crm.interaction (message_id, contact_id, owner_id, direction, occurred_at)"
                " SELECT $1, contact, $2, 'sent', $3 FROM unnest($4::uuid[]) AS contact",
                message,
                owner_id,
                MARCH,
                list(group),
            )


async def add_accounts(app: Headrace, owner_id: UUID) -> list[UUID]:
    """A mailbox that is half read, one that needs a sign-in, one that was unlinked; with markup where Google writes."""
    ids = [uuid7() for _ in range(3)]
    async with app.transaction() as tx:
        for number, account_id in enumerate(ids):
            await store.link_account(
                tx.connection,
                account_id,
                owner_id=owner_id,
                provider="google",
                email=f"box-{number}-{XSS}@work.example",
                scopes=[f"https://www.googleapis.com/auth/gmail.readonly{XSS}"],
                access_token=b"sealed",
                refresh_token=b"sealed",
                expires_at=MARCH + timedelta(days=900),
                now=MARCH,
            )
        await store.require_sign_in(tx.connection, ids[1], f"invalid_grant {XSS}")
        await store.finish_unlinking(tx.connection, ids[2], now=MARCH)
        state = await get_mailbox(tx.connection, ids[0])
        mirror = await MirrorStore(tx.connection, state).begin_pass(7, now=MARCH)
        import_id = uuid7()
        await tx.connection.execute(
            "INSERT INTO crm.import (job_id, owner_id, account_id, source, paths, fingerprints, bytes_total,"
            " started_at, read_count, new_count, batch_count, batches_done)"
            " VALUES ($1, $2, $3, 'gmail', '{}', '{}', 0, $4, 4000, 1000, 80, 20)",
            import_id,
            owner_id,
            ids[0],
            MARCH,
        )
        await mirror.advance_listing("more", import_id=import_id, is_done=False)
    return ids


@asynccontextmanager
async def web_of(app: Headrace, *, settings: Settings | None = None, **options: Any) -> AsyncIterator[Any]:
    """The CRM's web application on an open app; its loops stop with the block."""
    web = create_web(app, settings or Settings(), desk=create_desk(app, channel="web"), **options)
    async with web.router.lifespan_context(web):
        yield web


async def import_letters(app: Headrace, folder: Path) -> UUID:
    """Letters between the owner and two people, with markup in them, imported by an open app; the owner."""
    letters = [
        (1, f'"Grace {XSS}" <grace@boats.example>', OWNER, f"Hull {XSS}", f"The hull takes in water. {XSS}"),
        (2, OWNER, "grace@boats.example", f"Re: Hull {XSS}", "Tar is ordered, the hull is mended soon."),
        (3, "Joan <joan@rockets.example>", OWNER, "Valve", "The oxygen valve froze."),
    ]
    path = folder / "letters.mbox"
    path.write_text(
        "".join(
            f"From x@example.org Sun Mar  1 09:00:00 2026\nFrom: {sender}\nTo: {to}\nSubject: {subject}\n"
            f"Date: {MARCH - timedelta(days=9 - number):%a, %d %b %Y %H:%M:%S} +0000\n"
            f"Message-ID: <{number}@example.org>\n\n{body}\n\n"
            for number, sender, to, subject, body in letters
        )
    )
    await start_import(app, path, [OWNER], MARCH)
    await drain(app)
    async with app.transaction() as tx:
        (owner_id,) = await find_owners(tx.connection, [OWNER])
        await set_as_of(tx.connection, owner_id, MARCH)
        found = figures(await list_letters(tx.connection, owner_id, now=MARCH), now=MARCH)
        await write_figures(tx.connection, owner_id, found, as_of=MARCH)
    return owner_id


async def decorate(app: Headrace) -> int:
    """Gives the first of the imported letters all that a message can have, with markup; its id."""
    async with app.transaction() as tx:
        message_id = await tx.connection.fetchval("SELECT id FROM crm.message ORDER BY sent_at LIMIT 1")
        await tx.connection.execute(
            "UPDATE crm.message SET labels = $2, attachments = $3, list_id = $4 WHERE id = $1",
            message_id,
            [f"Boats {XSS}", "Starred"],
            f'[{{"filename": "plan {XSS}.pdf", "content_type": "application/{XSS}", "size_bytes": 23456}}]',
            f"list {XSS}",
        )
    return message_id


async def fill_pages(app: Headrace, folder: Path) -> dict[str, str]:
    """Has every page of the CRM show something, and gives each by a name for it."""
    mailbox = await add_mailbox(app, address="zoe@work.example")
    some = mailbox.people
    groups = [some[:3], some[:2], some[:2], some[4:8], some[10:14], some[20:26], [some[1], some[30]], some[36:40]]
    await join_threads(app, mailbox.owner_id, groups)
    owner_id = await import_letters(app, folder)
    accounts = await add_accounts(app, owner_id)
    message_id = await decorate(app)
    desk = create_desk(app, channel="web")
    answer = await desk.ask(Question(text=f"who mends the hull? {XSS}"))
    await desk.ask(Question(text="what of zeppelins?"))
    return {
        "contacts": "/crm/contacts",
        "contact": f"/crm/contacts/{mailbox.people[0]}",
        "contact-at": f"/crm/contacts/{mailbox.people[0]}?at=2026-02-28",
        "map": "/crm/map",
        "search": "/crm/search?text=hull",
        "ask": "/crm/ask",
        "answer": f"/crm/ask/{answer.query_id}",
        "message": f"/crm/messages/{message_id}",
        "insights": "/crm/insights",
        "activity": f"/crm/activity?mailbox={OWNER.replace('@', '%40')}",
        "accounts": "/crm/accounts",
        **{f"account-{number}": f"/crm/accounts/{account}" for number, account in enumerate(accounts)},
        "unlink": f"/crm/accounts/{accounts[0]}/unlink",
    }
