"""Contacts that turn out to be one person are joined, and stay apart once a user has split them."""

import json
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest

from fix_crm import lend, run_import, until, working
from fix_small_mail import BEGAN, OWNER, mailbox
from headrace import Headrace
from headrace_crm.contacts.events import contact_stream
from headrace_crm.enrichment.contact import lock_contact
from headrace_crm.enrichment.entering import enter_fields
from headrace_crm.enrichment.freshness import RefreshPolicy
from headrace_crm.enrichment.outcome import Found
from headrace_crm.enrichment.profile import Claim, Profile
from headrace_crm.enrichment.recording import record
from headrace_crm.enrichment.uniting import divide
from headrace_crm.scores.settling import settled
from headrace_crm.stats.recount import Recount

PRESS, HOME, OTHER = "ines@press.example", "iv@post.example", "ines.vidal@ode.example"
WORK, ATTIC = "otto@lind.example", "o.l@attic.example"
NEW = "cy@new.example"


def signed(name: str, *lines: str) -> str:
    return "\n".join(("The mill turns.", "", "-- ", name, *lines, ""))


def reply(path: Path, *, to: str, sender: str, day: int) -> Path:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = OWNER
    message["Date"] = BEGAN + timedelta(days=day)
    message["Message-ID"] = f"<{day}.reply>"
    message["In-Reply-To"] = to
    message["Subject"] = "From another address"
    message.set_content("I write from here now.\n")
    path.write_bytes(b"From x Sat Jan  6 09:00:00 2024\n" + message.as_bytes() + b"\n")
    return path


async def people(app: Headrace) -> dict[str, UUID]:
    async with lend(app) as connection:
        return dict(await connection.fetch("SELECT email, contact_id FROM crm.contact_address"))


async def told(app: Headrace) -> list[list[str]]:
    """The evidence of each joining in the log, in order, without the numbers of messages."""
    async with lend(app) as connection:
        rows = await connection.fetch(
            "SELECT data ->> 'evidence' AS evidence FROM headrace.event WHERE type = 'contact.merged' ORDER BY position"
        )
    return [[text.rstrip("0123456789") for text in json.loads(row["evidence"])] for row in rows]


async def settle(app: Headrace, owner_id: UUID) -> None:
    async with lend(app) as connection:

        async def is_done() -> bool:
            left = await settled(connection, owner_id, now=app.clock.now())
            rest = await connection.fetchval(
                "SELECT count(*) FROM crm.contact WHERE is_stale OR is_unread OR is_unmatched"
            )
            return left.is_settled and not rest

        await until(is_done)


async def counted_right(app: Headrace) -> bool:
    async with lend(app) as connection:
        rows = await connection.fetch("SELECT contact_id, sent, received FROM crm.contact_stats")
    for row in rows:
        recount = Recount()
        async for event in app.read(stream=contact_stream(row["contact_id"])):
            recount.add([event])
        if (len(recount.sent), len(recount.received)) != (row["sent"], row["received"]):
            return False
    return True


@pytest.mark.timeout(60)
async def test_evidence_that_comes_later_joins_contacts_and_a_split_holds_against_more_of_it(
    crm: Headrace, tmp_path: Path
):
    phone = "Tel: +44 1223 706200"
    first = mailbox(
        tmp_path / "a.mbox",
        (1, PRESS, "Ines Vidal", signed("Ines Vidal", phone)),
        (2, HOME, "Ines Vidal", "No signature.\n"),
        (3, OTHER, "Ines Vidal", signed("Ines Vidal", "Tel: +44 1223 706299")),
        (4, WORK, "Otto Lind", "Hello.\n"),
        (5, ATTIC, "Otto Lind", "Hello.\n"),
        (6, "cy@old.example", "Cy Ode", "Hello.\n"),
        (7, NEW, "Cy Ode", "Hello.\n"),
    )
    async with working(crm) as app:
        await run_import(app, first, [OWNER])
        before = await people(app)
        assert (len(set(before.values())), await told(app)) == (7, [])
        async with lend(app) as connection:
            owner_id = await connection.fetchval("SELECT id FROM crm.owner")
        # The same phone in a signature.
        await run_import(
            app, mailbox(tmp_path / "b.mbox", (8, HOME, "Ines Vidal", signed("Ines Vidal", phone))), [OWNER]
        )
        # An answer in the conversation of the other address.
        await run_import(
            app, reply(tmp_path / "c.mbox", to="<6.cy@old.example>", sender=f"Cy Ode <{NEW}>", day=9), [OWNER]
        )
        # What a provider says.
        async with app.transaction() as tx:
            contact = await lock_contact(tx.connection, before[ATTIC])
            said = Found(Profile({"other_emails": Claim((WORK,), 0.9)}))
            await record(tx, contact, "pdl", said, asked_for=ATTIC, policy=RefreshPolicy(), now=BEGAN)
        await settle(app, owner_id)
        after = await people(app)
        pairs = {(PRESS, HOME), (WORK, ATTIC), ("cy@old.example", NEW)}
        oldest = {email: min(before[one], before[other]) for one, other in pairs for email in (one, other)}
        assert after == before | oldest
        assert await told(app) == [["phone of message "] * 2, ["conversation in message "], ["mail of pdl"]]
        assert await counted_right(app)
        async with app.transaction() as tx:
            new_id = await divide(tx, owner_id, after[PRESS], [HOME], now=app.clock.now())
        await settle(app, owner_id)
        # That the one names the other now, and that a user enters it, joins nobody a user has split.
        again = mailbox(tmp_path / "d.mbox", (10, HOME, "Ines Vidal", signed("Ines Vidal", phone, PRESS)))
        await run_import(app, again, [OWNER])
        async with app.transaction() as tx:
            contact = await lock_contact(tx.connection, new_id)
            await enter_fields(tx, contact, {"other_emails": PRESS}, now=app.clock.now())
        await settle(app, owner_id)
        assert await people(app) == after | {HOME: new_id}
        assert (len(await told(app)), await counted_right(app)) == (3, True)
