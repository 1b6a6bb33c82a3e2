"""The CRM runs as a role that owns none of its tables: mail, people, scores, search by meaning, erasure."""

import asyncpg
import pytest

from fix_crm import lend
from fix_roles import two_roles
from headrace import MigrationSet
from headrace.db.app_role import grant_app
from headrace.db.migrate import ENGINE
from headrace.testing import drain
from headrace_crm.app import create_app, create_desk
from headrace_crm.config import Settings
from headrace_crm.config.search import SearchSettings
from headrace_crm.demo import DemoMailbox
from headrace_crm.mail.importing import start_import
from headrace_crm.maintenance.erasure import ask_erasure, read_erasure
from headrace_crm.scores.people import list_contacts
from headrace_crm.search.desk import Question

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SETS = (ENGINE, MigrationSet("headrace_crm", "headrace_crm"))
NOT_WELL = "SELECT count(*) FROM headrace.outcome WHERE state IN ('failed', 'dead')"


async def test_a_mailbox_is_read_searched_and_a_person_erased_without_owning_a_table(
    server_dsn: str, demo_mailbox: DemoMailbox
):
    settings = Settings(search=SearchSettings())
    async with two_roles(server_dsn, sets=SETS) as roles:
        admin = await asyncpg.connect(roles.admin_dsn)
        await admin.execute("CREATE EXTENSION vector")  # which takes a superuser
        await admin.close()
        owning = await asyncpg.connect(roles.owner_dsn)
        await grant_app(owning, roles.app, schemas=["crm"])
        await owning.close()
        async with create_app(roles.app_dsn, settings=settings) as app:
            await start_import(app, demo_mailbox.path, demo_mailbox.owner_addresses)
            await drain(app)
            desk = create_desk(app, channel="web", settings=settings)
            found = await desk.search(Question(text="the plan for next week"))
            assert (found.by, found.note) == ("words and vectors", None)
            assert found.hits
            async with lend(app) as connection:
                person = next(one for one in await list_contacts(connection, limit=50) if one.received)
                erasure_id, _ = await ask_erasure(app, person.addresses[0], by="ada")
            await drain(app)
            async with lend(app) as connection:
                assert (await read_erasure(connection, erasure_id)).completed_at is not None
                left = {address for one in await list_contacts(connection, limit=500) for address in one.addresses}
                assert left.isdisjoint(person.addresses)
                assert await connection.fetchval(NOT_WELL) == 0
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute("DELETE FROM headrace.event")
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute("DROP TABLE crm.passage CASCADE")
