"""A mailbox of the sandbox and what the CRM stores of it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from fix_crm import lend, run_import, until
from fix_mirror import GENEROUS, Mirror, link_sandbox, mirroring
from headrace_crm.accounts.unlinking import unlink
from headrace_crm.app import create_app
from headrace_crm.config import Settings
from headrace_crm.contacts.letters import read_letter
from headrace_crm.mail.owners import set_as_of
from headrace_crm.maintenance.erasure import ask_erasure
from headrace_crm.scores.people import show_contact

pytestmark = pytest.mark.timeout(60)

LETTER = (
    b"From: Petra Wirth <petra@weir.example>\r\nTo: {to}\r\nSubject: The gate\r\n"
    b"Message-ID: <gate-{n}@weir.example>\r\nDate: Sat, 28 Feb 2026 10:00:00 +0000\r\n\r\nIt sticks.\r\n"
)


def letter(to: str, number: int) -> bytes:
    return LETTER.replace(b"{to}", to.encode()).replace(b"{n}", str(number).encode())


async def labels_of_first(mirror: Mirror) -> set[str]:
    """The labels of the oldest letter of Petra's, as a person is shown them."""
    async with lend(mirror.app) as connection:
        *_, first = (await show_contact(connection, "petra@weir.example")).messages
        letter = await read_letter(connection, first.message_id)
    assert letter is not None
    assert letter.labels == first.labels
    return set(first.labels)


async def check_latest(mirror: Mirror) -> None:
    """Where scores take the latest message for now, one that is fetched alone moves all, unless its date lies."""
    google, now = mirror.sandbox.google, datetime.now(UTC)
    for number, date in enumerate((format_datetime(now), "Sat, 01 Feb 2031 10:00:00 +0000"), start=98):
        said = letter(google.emails[0], number).replace(b"Sat, 28 Feb 2026 10:00:00 +0000", date.encode())
        google.mailbox().deliver(said.replace(b"petra", b"paula").replace(b"Petra", b"Paula"))
    async with lend(mirror.app) as connection:
        await set_as_of(connection, mirror.owner_id, "latest")
        await mirror.incremental()
        moments = {row["as_of"] for row in await connection.fetch("SELECT as_of FROM crm.contact_score")}
        assert moments == {now.replace(microsecond=0)}
        lied = await connection.fetchrow(
            "SELECT sent_at, date_is_guessed FROM crm.message WHERE message_id LIKE 'gate-99%'"
        )
        assert lied["date_is_guessed"]
        assert abs(lied["sent_at"] - now) < timedelta(minutes=5)
        await set_as_of(connection, mirror.owner_id, "now")


async def test_a_mailbox_is_mirrored_whole_and_follows_every_change(database, secret_keys, google_sandbox):
    mailbox = google_sandbox.google.mailbox()
    async with mirroring(database, google_sandbox) as mirror:
        assert await mirror.mirrored() == mirror.expected()
        assert len(await mirror.events("sync.started")) == len(await mirror.events("sync.completed")) == 2
        await check_latest(mirror)
        contacts = await mirror.count("contact")
        # One at a time is fetched by the job itself, many become batches.
        first = mailbox.deliver(letter(google_sandbox.google.emails[0], 0))
        await mirror.incremental()
        more = [mailbox.deliver(letter(google_sandbox.google.emails[0], number)) for number in range(1, 6)]
        await mirror.incremental()
        assert await mirror.count("contact") == contacts + 1
        assert await mirror.mirrored() == mirror.expected()
        # Labels, moving, the trash and back, spam, and deletion.
        mill = mailbox.add_label("Mill")
        mailbox.relabel(first.id, add=["STARRED", mill.id], remove=["UNREAD", "INBOX"])
        mailbox.trash(more[0].id)
        mailbox.trash(more[1].id)
        mailbox.untrash(more[1].id)
        mailbox.relabel(more[2].id, add=["SPAM"])
        await mirror.incremental()
        assert await mirror.mirrored() == mirror.expected()
        assert await labels_of_first(mirror) == {"STARRED", "Mill"}
        # No change tells of a new name; whoever asks for another week of pushes asks for names too.
        mailbox.rename_label(mill.id, "Mill/Gate")
        await mirror.app.enqueue("renew-gmail-watch", {"account_id": mirror.account_id})
        await mirror.settle()
        assert await labels_of_first(mirror) == {"STARRED", "Mill/Gate"}
        # Watches are looked at by the schedule: one that ends soon is renewed, for seven days.
        async with mirror.app.pool.acquire() as connection:
            await connection.execute("UPDATE crm.mailbox SET watch_expires_at = now() + interval '4 days'")
            await mirror.app.schedules.trigger("renew-gmail-watch")
            await mirror.settle()
            left = await connection.fetchval("SELECT watch_expires_at - now() FROM crm.mailbox")
        assert left > timedelta(days=6)
        mailbox.untrash(more[0].id)
        await mirror.incremental()
        assert await mirror.mirrored() == mirror.expected()
        for each in (first, *more):
            mailbox.delete(each.id)
        await mirror.incremental()
        assert await mirror.mirrored() == mirror.expected()
        async with mirror.app.pool.acquire() as connection:
            left = await connection.fetch("SELECT 1 FROM crm.address WHERE email = 'petra@weir.example'")
            # Owners take turns at being scored.
            turns = await connection.fetch(
                "SELECT DISTINCT limit_key FROM headrace.job WHERE kind = 'calculate-relationship-scores'"
            )
            orphans = await connection.fetchval(
                "SELECT count(*) FROM crm.thread WHERE NOT EXISTS (SELECT FROM crm.message WHERE thread_id = thread.id)"
            )
        assert await mirror.count("contact") == contacts
        assert (len(left), orphans) == (0, 0)
        assert [row["limit_key"] for row in turns] == [f"scores:{mirror.owner_id}"]


@pytest.mark.slow
async def test_a_mailbox_whose_history_is_forgotten_is_compared_anew(database, secret_keys, google_sandbox):
    mailbox = google_sandbox.google.mailbox()
    async with mirroring(database, google_sandbox) as mirror:
        listed = [message.id for message in mailbox.messages if message.id in mirror.expected()]
        came = mailbox.deliver(letter(google_sandbox.google.emails[0], 1))
        mailbox.delete(listed[0])
        mailbox.trash(listed[1])
        mailbox.relabel(listed[2], add=["STARRED"])
        mailbox.lose_history()
        await mirror.incremental()
        await mirror.settle()
        assert await mirror.mirrored() == mirror.expected()

        # Who is erased comes back neither with new mail nor when all of it is looked at, and is not fetched for ever.
        await ask_erasure(mirror.app, "petra@weir.example", by="test")
        await mirror.settle()
        another = mailbox.deliver(letter(google_sandbox.google.emails[0], 2))
        await mirror.incremental()
        mailbox.lose_history()
        await mirror.incremental()
        await mirror.settle()
        async with lend(mirror.app) as connection:
            named = await connection.fetchval(
                "SELECT count(*) FROM crm.message_address WHERE email = 'petra@weir.example'"
            )
            known = await connection.fetch(
                "SELECT message_key FROM crm.mailbox_message WHERE provider_id = ANY ($1)", [came.id, another.id]
            )
        assert named == 0
        assert {row["message_key"] for row in known} == {f"erased:{came.id}", f"erased:{another.id}"}


@pytest.mark.slow
async def test_mail_imported_from_a_file_before_is_not_stored_twice(database, secret_keys, google_sandbox, tmp_path):
    settings = Settings(google=google_sandbox.google_settings(), gmail=GENEROUS)
    path = tmp_path / "takeout.mbox"
    owner = google_sandbox.google.emails[0]
    lines = []
    for message in google_sandbox.google.mailbox().messages:
        head = (
            f"From {int(message.id, 16)}@xxx Sat Feb 28 10:00:00 +0000 2026\r\n"
            f"X-GM-THRID: {int(message.thread_id, 16)}\r\n"
            "X-Gmail-Labels: =?UTF-8?Q?Posteingang,Gel=C3=B6scht?=\r\n"
        )
        lines.append(head.encode() + message.raw.replace(b"\r\nFrom ", b"\r\n>From ") + b"\r\n")
    path.write_bytes(b"".join(lines))
    app = create_app(database, settings=settings)
    async with app, app.process():
        await run_import(app, path, [owner])
        async with lend(app) as connection:
            before = await connection.fetchrow(
                "SELECT count(*), count(DISTINCT thread_id) AS threads, "
                "count(*) FILTER (WHERE labels = '{Posteingang,Gelöscht}') AS labelled FROM crm.message"
            )
    assert before["labelled"] == before["count"]
    async with mirroring(database, google_sandbox) as mirror, lend(mirror.app) as connection:
        after = await connection.fetchrow(
            "SELECT count(*), count(DISTINCT thread_id) AS threads, "
            "count(*) FILTER (WHERE labels = '{Posteingang,Gelöscht}') AS labelled FROM crm.message"
        )
        assert await mirror.mirrored() == mirror.expected()
    assert after == before


async def test_unlinking_leaves_all_mail_and_no_job_and_linking_again_doubles_nothing(
    database, secret_keys, google_sandbox
):
    tables = ("message", "thread", "contact", "interaction")
    async with mirroring(database, google_sandbox) as mirror:
        before = {table: await mirror.count(table) for table in tables}
        told = len(await mirror.events("email.received"))
        await mirror.app.enqueue("email-sync-deep", {"account_id": mirror.account_id})
        await unlink(mirror.app, google_sandbox.google_settings(), mirror.account_id, by="test")

        async def is_forgotten() -> bool:
            return await mirror.count("mailbox") == 0

        await until(is_forgotten)
        async with mirror.app.pool.acquire() as connection:
            waiting = await connection.fetchval(
                "SELECT count(*) FROM headrace.job JOIN headrace.run ON run.job_id = job.id "
                "WHERE job.args::text LIKE '%' || $1 || '%'",
                str(mirror.account_id),
            )
        assert waiting == 0
        assert {table: await mirror.count(table) for table in tables} == before
        # What was done at the server meanwhile is met as well.
        mailbox = google_sandbox.google.mailbox()
        gone, new = next(iter(mirror.expected())), mailbox.deliver(letter(mailbox.email, 1))
        mailbox.delete(gone)
        assert await link_sandbox(mirror.app, google_sandbox) == (mirror.account_id, mirror.owner_id)
        await until(lambda: mirror.count("mailbox"))
        await mirror.settle()
        assert await mirror.mirrored() == mirror.expected()
        assert new.id in mirror.expected()
        assert len(await mirror.events("email.received")) == told + 1
