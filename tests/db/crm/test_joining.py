"""Contacts joined and split: what follows is right each time, and what was comes back."""

import asyncio
import json
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from fix_crm import lend, read_outcome, run_import, until, working
from fix_small_mail import BEGAN, OWNER, mailbox
from headrace import Headrace
from headrace_crm.cli.root import app as crm_command
from headrace_crm.contacts.events import contact_stream
from headrace_crm.contacts.joining import JoiningError
from headrace_crm.enrichment.contact import lock_contact
from headrace_crm.enrichment.entering import enter_fields
from headrace_crm.enrichment.profile import Claim
from headrace_crm.enrichment.store import EnrichmentStore
from headrace_crm.enrichment.uniting import divide, unite
from headrace_crm.scores.settling import settled
from headrace_crm.stats.recount import Recount

VIDAL = ("ines@vidal.example", "Ines Vidal")
LUNE = ("iv@lune.example", "Ines Vidal")
OTTO = ("otto@lind.example", "Otto Lind")


def signed(title: str) -> str:
    return f"The mill turns.\n\n-- \nInes Vidal\n{title}, Vidal Press\n"


async def contact_of(app: Headrace, email: str) -> tuple[UUID, UUID]:
    async with lend(app) as connection:
        row = await connection.fetchrow("SELECT owner_id, contact_id FROM crm.contact_address WHERE email = $1", email)
    return row["owner_id"], row["contact_id"]


async def settle(app: Headrace, owner_id: UUID) -> None:
    async with lend(app) as connection:

        async def is_done() -> bool:
            left = await settled(connection, owner_id, now=app.clock.now())
            stale = await connection.fetchval("SELECT count(*) FROM crm.contact WHERE is_stale OR is_unread")
            return left.is_settled and not stale

        await until(is_done)


async def told(app: Headrace) -> tuple[object, ...]:
    """All that is shown of people, without ids and without when it was merged."""
    async with lend(app) as connection:
        outcome = await read_outcome(connection)
    return outcome.contacts, outcome.interactions, outcome.stats, outcome.scores, outcome.profiles


async def answer(app: Headrace, contact_id: UUID, title: str, **entered: str) -> None:
    """What a provider and the user say of a contact."""
    async with app.transaction() as tx:
        contact = await lock_contact(tx.connection, contact_id)
        store = EnrichmentStore(tx.connection, contact_id)
        claims = {"location": Claim(title, 0.9)}
        await store.write_claims("pdl", "found", claims, asked_for=title, now=BEGAN, due_at=None)
        await enter_fields(tx, contact, entered, now=BEGAN)


async def counted_anew(app: Headrace) -> dict[UUID, tuple]:
    """The stats of each contact by its events alone."""
    async with lend(app) as connection:
        ids = [row["id"] for row in await connection.fetch("SELECT id FROM crm.contact")]
    found: dict[UUID, tuple] = {}
    for contact_id in ids:
        recount = Recount()
        async for event in app.read(stream=contact_stream(contact_id)):
            recount.add([event])
        found[contact_id] = (len(recount.sent), len(recount.received), recount.first_at, recount.last_at)
    return found


async def stats(app: Headrace) -> dict[UUID, tuple]:
    async with lend(app) as connection:
        rows = await connection.fetch("SELECT contact_id, sent, received, first_at, last_at FROM crm.contact_stats")
    return {row["contact_id"]: tuple(row)[1:] for row in rows}


def by_command(database: str) -> None:
    """The same by the commands, which wait until it is done."""

    def crm(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(crm_command, ["--database", database, "contacts", *words], catch_exceptions=False)
        return result.exit_code, result.output

    def listed() -> dict[str, int]:
        return {",".join(each["addresses"]): each["received"] for each in json.loads(crm("--json")[1])}

    assert listed() == {VIDAL[0]: 2, LUNE[0]: 2, OTTO[0]: 2}
    assert crm("merge", VIDAL[0], "nobody@x.example")[0] == 3
    assert (crm("merge", VIDAL[0], LUNE[0])[0], listed()) == (0, {f"{VIDAL[0]},{LUNE[0]}": 4, OTTO[0]: 2})
    assert crm("split", VIDAL[0], OTTO[0])[0] == 1
    assert crm("tag", VIDAL[0], "VIP", "Board  Member")[1].strip() == "Ines Vidal: board member, vip"
    assert crm("tag", VIDAL[0], "a,b")[0] == 1
    assert crm("untag", VIDAL[0], "board member")[1].strip() == "Ines Vidal: vip"
    assert [each["tags"] for each in json.loads(crm("--tag", "Vip", "--json")[1])] == [["vip"]]
    assert "nobody has the tag x" in crm("--tag", "x")[1]
    assert "Miller" in crm("edit", VIDAL[0], "title=Miller")[1]
    assert (crm("split", VIDAL[0], LUNE[0])[0], listed()) == (0, {VIDAL[0]: 2, LUNE[0]: 2, OTTO[0]: 2})
    assert len(json.loads(crm("--tag", "vip", "--json")[1])) == 2


@pytest.mark.timeout(90)
async def test_a_merge_is_right_and_a_split_gives_back_what_was(crm: Headrace, tmp_path: Path):
    path = mailbox(
        tmp_path / "a.mbox",
        (1, *VIDAL, signed("Editor")),
        (2, *LUNE, signed("Director")),
        (3, *LUNE, "Short.\n"),
        (4, *OTTO, "Hello.\n"),
        (5, *VIDAL, "Both of us.\n"),
    )
    async with working(crm) as app:
        await run_import(app, path, [OWNER])
        owner_id, vidal = await contact_of(app, VIDAL[0])
        _, lune = await contact_of(app, LUNE[0])
        # Two people with one name stay two.
        assert vidal != lune
        await answer(app, vidal, "Mittelsee", website="https://vidal.example")
        await answer(app, lune, "Lune", phone="+44 20 7946 0123")
        await settle(app, owner_id)
        before = await told(app)
        async with app.transaction() as tx:
            await unite(tx, owner_id, vidal, lune, now=app.clock.now())
        await settle(app, owner_id)
        joined = await told(app)
        assert await contact_of(app, LUNE[0]) == (owner_id, vidal)
        assert await stats(app) == await counted_anew(app)
        assert (await stats(app))[vidal][:2] == (0, 4)
        async with lend(app) as connection:
            profile = await EnrichmentStore(connection, vidal).profile()
            found = await connection.fetchval("SELECT count(*) FROM crm.passage WHERE kind = 'contact'")
        assert {name: field.value for name, field in profile.items()} == {
            "title": "Director",
            "organisation": "Vidal Press",
            "location": "Mittelsee",
            "website": "https://vidal.example",
            "phone": "+44 20 7946 0123",
        }
        assert found == 2
        # What more mail says does not undo it.
        await run_import(app, mailbox(tmp_path / "b.mbox", (3, *LUNE, "Short.\n"), (0, *OTTO, "Before.\n")), [OWNER])
        assert await contact_of(app, LUNE[0]) == (owner_id, vidal)
        async with app.transaction() as tx:
            with pytest.raises(JoiningError, match="no address of this contact"):
                await divide(tx, owner_id, vidal, [OTTO[0]], now=app.clock.now())
            with pytest.raises(JoiningError, match="leaves some"):
                await divide(tx, owner_id, vidal, [VIDAL[0], LUNE[0]], now=app.clock.now())
            with pytest.raises(JoiningError, match="the same contact"):
                await unite(tx, owner_id, vidal, vidal, now=app.clock.now())
            new_id = await divide(tx, owner_id, vidal, [LUNE[0].upper()], now=app.clock.now())
        await settle(app, owner_id)
        after = await told(app)
        assert await contact_of(app, LUNE[0]) == (owner_id, new_id)
        assert await stats(app) == await counted_anew(app)
        async with lend(app) as connection:
            events = dict(
                await connection.fetch(
                    "SELECT type, count(*) FROM headrace.event"
                    " WHERE type ~ 'contact.(merged|split|removed)' GROUP BY type"
                )
            )
            merges = await connection.fetchval("SELECT count(*) FROM crm.contact_merge")
    without_otto = [[[row for row in part if row[0] != (OTTO[0],)] for part in each] for each in (before, after)]
    assert without_otto[0][0] == without_otto[1][0]
    assert without_otto[0] == without_otto[1]
    assert joined[0] != before[0]
    assert events == {"contact.merged": 1, "contact.split": 1, "contact.removed": 1}
    assert merges == 0


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_the_commands_wait_until_all_is_right(crm: Headrace, database: str, tmp_path: Path):
    letters = [(day, *who, "Hello.\n") for day, who in enumerate((VIDAL, LUNE, OTTO, VIDAL, LUNE, OTTO))]
    async with working(crm) as app:
        await run_import(app, mailbox(tmp_path / "a.mbox", *letters), [OWNER])
    await asyncio.to_thread(by_command, database)
