import pytest

from fix_crm import lend, run_import, shared_mail, working
from headrace import Headrace

pytestmark = pytest.mark.timeout(120)

OWNER = "nobody-in-particular@example.org"


async def test_every_nasty_message_is_stored_or_kept_as_unreadable(crm: Headrace):
    paths = sorted(path for path in shared_mail("nasty").rglob("*") if path.is_file())
    async with working(crm) as app:
        summary = await run_import(app, paths, [OWNER])
        async with lend(app) as connection:
            failures = await connection.fetch("SELECT error FROM headrace.failure")
            kept = await connection.fetchval("SELECT count(*) FROM crm.unparsed_message")
    assert len(paths) > 300
    assert failures == []
    assert summary.messages >= len(paths)
    assert summary.new + summary.duplicates + summary.unparsed == summary.messages
    assert kept == summary.unparsed < summary.new


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("spamassassin-spam-1.mbox.gz", 500),
        ("spamassassin-spam-2.mbox.gz", 1396),
        ("spamassassin-hard-ham-1.mbox.gz", 250),
        ("spamassassin-easy-ham-1.mbox.gz", 2500),
    ],
)
async def test_mail_that_names_no_owner_is_stored_and_makes_no_contacts(crm: Headrace, name: str, count: int):
    async with working(crm) as app:
        summary = await run_import(app, shared_mail(name), [OWNER])
    assert summary.messages == count
    assert summary.new + summary.duplicates + summary.unparsed == count
    assert summary.contacts == 0
