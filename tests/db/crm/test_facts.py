"""What contacts say of themselves in their mail, from the mailbox to their profile."""

from datetime import timedelta
from pathlib import Path

from fix_crm import lend, read_outcome, run_import, working
from fix_small_mail import BEGAN, OWNER, mailbox
from headrace import Headrace
from headrace_crm.enrichment.store import EnrichmentStore


async def profile_of(app: Headrace, email: str) -> dict[str, tuple[object, str]]:
    """A contact's fields: value and source."""
    async with lend(app) as connection:
        contact_id = await connection.fetchval("SELECT contact_id FROM crm.contact_address WHERE email = $1", email)
        profile = await EnrichmentStore(connection, contact_id).profile()
    return {name: (field.value, field.source) for name, field in profile.items()}


async def profiles(app: Headrace) -> list[tuple]:
    async with lend(app) as connection:
        return (await read_outcome(connection)).profiles


def signed(title: str, firm: str) -> str:
    return f"The mill turns.\n\n-- \nInes Vidal\n{title}, {firm}\nTel: +44 1223 706200\n"


async def test_a_change_of_position_is_told_with_the_day_it_was_read(crm: Headrace, tmp_path: Path):
    first = mailbox(tmp_path / "first.mbox", (1, "ines@vidal.example", "Ines Vidal", signed("Editor", "Vidal Press")))
    later = mailbox(
        tmp_path / "later.mbox",
        (9, "ines@vidal.example", "Ines Vidal", signed("Director", "Heron Press")),
        (5, "ines@vidal.example", "Ines Vidal", "No signature here.\n"),
        (3, "otto@lind.example", "Otto Lind", "Nor here.\n"),
    )
    async with working(crm) as app:
        await run_import(app, first, [OWNER])
        assert (await profile_of(app, "ines@vidal.example"))["title"] == ("Editor", "signature")
        await run_import(app, later, [OWNER])
        before = await profiles(app)
        profile = await profile_of(app, "ines@vidal.example")
        async with lend(app) as connection:
            told = await connection.fetch(
                "SELECT data ->> 'changed' AS changed, occurred_at FROM headrace.event"
                " WHERE type = 'contact.updated' AND data -> 'changed' <> '[]'"
            )
            changes = await connection.fetch(
                "SELECT field, old_value, new_value, source, changed_at FROM crm.contact_change ORDER BY field"
            )
            evidence = await connection.fetchval("SELECT fields -> 'title' ->> 'evidence' FROM crm.contact_profile")
            message = await connection.fetchval("SELECT id FROM crm.message WHERE subject = 'letter 9'")
            unread = await connection.fetchval("SELECT count(*) FROM crm.contact WHERE is_unread")
        again = await run_import(app, later, [OWNER])
        assert (again.new, await profiles(app)) == (0, before)
    assert profile == {
        "title": ("Director", "signature"),
        "organisation": ("Heron Press", "signature"),
        "phone": ("+44 1223 706200", "signature"),
    }
    day = BEGAN + timedelta(days=9)
    assert [tuple(row) for row in told] == [('["title", "organisation"]', day)]
    assert [tuple(row) for row in changes] == [
        ("organisation", "Vidal Press", "Heron Press", "signature", day),
        ("title", "Editor", "Director", "signature", day),
    ]
    assert (evidence, unread) == (f"message {message}", 0)
    assert {row[0] for row in before} == {("ines@vidal.example",)}


async def test_the_same_letters_in_any_division_give_the_same_facts(database: str, crm: Headrace, tmp_path: Path):
    letters = [
        (day, email, "Ines Vidal", signed(title, "Vidal Press"))
        for day, email, title in (
            (1, "ines@vidal.example", "Editor"),
            (2, "ines@mail.vidal.example", "Editor"),
            (3, "ines@vidal.example", "Chief Editor"),
            (4, "ines@mail.vidal.example", "Director"),
        )
    ]
    halves = [
        mailbox(tmp_path / f"{number}.mbox", *half) for number, half in enumerate((letters[2:], letters[:2][::-1]))
    ]
    async with working(crm) as app:
        for half in halves:
            await run_import(app, half, [OWNER])
        profile = await profile_of(app, "ines@vidal.example")
        assert profile == await profile_of(app, "ines@mail.vidal.example")
    assert profile["title"] == ("Director", "signature")
