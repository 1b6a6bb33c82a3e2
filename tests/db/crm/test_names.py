"""What a contact is called wherever a name is shown: what the user entered, else what sources know, else mail."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

from fix_crm import lend, run_import, working
from fix_small_mail import BEGAN, OWNER, mailbox
from headrace import Headrace
from headrace_crm.activity.summary import user_activity
from headrace_crm.app import create_desk
from headrace_crm.contacts.letters import read_letter
from headrace_crm.enrichment.contact import lock_contact
from headrace_crm.enrichment.entering import enter_fields
from headrace_crm.enrichment.freshness import RefreshPolicy
from headrace_crm.enrichment.outcome import Found
from headrace_crm.enrichment.profile import Claim, Profile
from headrace_crm.enrichment.reading import read_profile
from headrace_crm.enrichment.recording import record
from headrace_crm.scores.directory import page_contacts
from headrace_crm.scores.people import list_contacts, show_contact
from headrace_crm.search.desk import Question

ADDRESS = "ines@post.example"
DAY = timedelta(days=1)
POLICY = RefreshPolicy()


async def enter(app: Headrace, contact_id: UUID, name: str | None) -> None:
    async with app.transaction() as tx:
        await enter_fields(tx, await lock_contact(tx.connection, contact_id), {"name": name}, now=app.clock.now())


async def names_shown(app: Headrace, owner_id: UUID, contact_id: UUID) -> set[str]:
    """Every name under which lists, the map, pages of mail, the timeline and search show the contact."""
    async with lend(app) as connection:
        page = await page_contacts(connection, owner_id, limit=9)
        letters = await connection.fetch("SELECT id FROM crm.message ORDER BY id")
        read = [await read_letter(connection, row["id"]) for row in letters]
        activity = await user_activity(connection, owner_id, days=300, as_of=BEGAN + 99 * DAY)
        shown = {
            *(each.name for each in page.people),
            *(each.name for each in await list_contacts(connection, limit=9)),
            (await show_contact(connection, ADDRESS)).person.name,
            *(each.name for letter in read for each in letter.people if each.contact_id == contact_id),
            *(each.sender for letter in read for each in letter.thread),
            *(each.contact for each in activity.recent),
        }
    found = await create_desk(app, channel="cli").search(Question(text="mill", owners=(OWNER,)))
    return shown | {hit.person for hit in found.hits}


async def test_the_name_a_user_entered_is_shown_everywhere_until_it_is_taken_back(crm: Headrace, tmp_path: Path):
    signed = "The mill turns.\n\n-- \nInes Vidal\nEditor, Heron Press\n"
    async with working(crm) as app:
        await run_import(app, mailbox(tmp_path / "a.mbox", (1, ADDRESS, "ines", "The mill turns.\n")), [OWNER])
        async with lend(app) as connection:
            row = await connection.fetchrow("SELECT id, owner_id FROM crm.contact")
        contact_id, owner_id = row["id"], row["owner_id"]
        assert await names_shown(app, owner_id, contact_id) == {"ines"}
        # What a signature says is inferred from more than the header, what a provider says beats both.
        await run_import(app, mailbox(tmp_path / "b.mbox", (2, ADDRESS, "ines", signed)), [OWNER])
        assert await names_shown(app, owner_id, contact_id) == {"Ines Vidal"}
        await enter(app, contact_id, "Aunt Inés")
        assert await names_shown(app, owner_id, contact_id) == {"Aunt Inés"}
        async with app.transaction() as tx:
            contact = await lock_contact(tx.connection, contact_id)
            said = Found(Profile({"name": Claim("Ines Maria Vidal", 0.9)}))
            await record(tx, contact, "pdl", said, asked_for=ADDRESS, policy=POLICY, now=BEGAN)
        assert contact.name == "ines"
        # What later mail is headed with changes nothing that is shown, and is remembered.
        later = ((3, ADDRESS, "I. Vidal-Lune", "The mill again.\n"), (4, ADDRESS, "I. Vidal-Lune", "And the mill.\n"))
        more = mailbox(tmp_path / "c.mbox", *later, (5, ADDRESS, "I. Vidal-Lune", "A mill.\n"))
        await run_import(app, more, [OWNER])
        assert await names_shown(app, owner_id, contact_id) == {"Aunt Inés"}
        async with lend(app) as connection:
            assert (await show_contact(connection, "vidal-lune")).person.id == contact_id
        await enter(app, contact_id, "")
        assert await names_shown(app, owner_id, contact_id) == {"Ines Maria Vidal"}
        async with app.transaction() as tx:
            contact = await lock_contact(tx.connection, contact_id)
            nothing = Found(Profile({}))
            await record(tx, contact, "pdl", nothing, asked_for=ADDRESS, policy=POLICY, now=BEGAN)
        async with lend(app) as connection:
            fields = {each.field: each.value for each in (await read_profile(connection, contact_id)).fields}
            told = await connection.fetchval(
                "SELECT count(*) FROM headrace.event WHERE type = 'contact.updated' AND data -> 'changed' ? 'name'"
            )
        assert await names_shown(app, owner_id, contact_id) == {fields.get("name", "I. Vidal-Lune")}
        assert told == 4
