"""What happens to users is told by events: whose mail comes in, and who logs in to look at it."""

from pathlib import Path

import pytest

from fix_console import client_of, token_for
from fix_crm import lend
from fix_crm_pages import web_of
from headrace import Headrace
from headrace.console.access import COOKIE, Access, list_tokens
from headrace_crm.app import create_app
from headrace_crm.config import Settings
from headrace_crm.mail.importing import start_import
from headrace_crm.mail.owners import OwnerError, claim_owner

WANTED = {
    *("user.signed_up", "user.signed_in", "user.signed_out", "user.profile_updated"),
    *("account.linked", "account.unlinked", "account.token_refreshed"),
    *("email.synced", "email.sent", "email.received", "email.thread_updated"),
    *("contact.created", "contact.updated", "contact.enriched", "contact.merged", "contact.tagged"),
    *("interaction.recorded", "interaction.email_sent", "interaction.email_received"),
    *("ai.query_executed", "ai.suggestion_generated", "ai.action_taken"),
    *("job.enqueued", "job.completed", "job.failed", "sync.started", "sync.completed"),
}
TOLD = """
    SELECT type, aggregate_type || '/' || aggregate_id AS stream, actor, data::text FROM headrace.event
    WHERE type LIKE 'user.%' ORDER BY position
"""


def test_every_event_that_was_asked_for_is_a_type_of_the_crm():
    assert create_app("postgresql://nowhere", settings=Settings()).events.types >= WANTED


async def test_an_owner_signs_up_once_and_each_further_address_is_told(crm: Headrace, tmp_path: Path):
    path = tmp_path / "empty.mbox"
    path.write_text("")
    async with crm as app, lend(app) as connection:
        for addresses in (["ada@x.example", "ada@y.example"], ["Ada@x.example"], ["ada@x.example", "a@z.example"]):
            await start_import(app, path, addresses)
        with pytest.raises(OwnerError):
            async with app.transaction() as tx:
                await claim_owner(tx, ["nobody"])
        owner_id = await connection.fetchval("SELECT id FROM crm.owner")
        told = await connection.fetch(TOLD)
    assert [(row["type"], row["stream"]) for row in told] == [
        ("user.signed_up", f"user/{owner_id}"),
        ("user.profile_updated", f"user/{owner_id}"),
    ]
    assert ['"address_count": 2' in told[0]["data"], '"added_count": 1' in told[1]["data"]] == [True, True]
    assert "example" not in "".join(row["data"] for row in told)


async def test_logging_in_and_out_is_told_and_nothing_else_of_a_session(crm: Headrace):
    async with crm as app, web_of(app) as web, lend(app) as connection:
        olive, zoe = [await token_for(app, "viewer", name=name) for name in ("olive", "zoe")]
        ids = {token.name: token.id for token in await list_tokens(connection)}

        async def told() -> list[tuple[str, str, str]]:
            return [(row["type"], row["stream"], row["actor"]) for row in await connection.fetch(TOLD)]

        def of(kind: str, name: str) -> tuple[str, str, str]:
            return (f"user.{kind}", f"token/{ids[name]}", name)

        async with client_of(web) as client:
            assert (await client.post("/login", data={"token": "hr_wrong"})).status_code == 401
            assert (await client.post("/logout")).status_code == 303
            assert await told() == []
            await client.post("/login", data={"token": olive})
            assert (await client.get("/crm/contacts")).status_code == 200
            assert await told() == [of("signed_in", "olive")]
            # Another who logs in at the same browser ends the session there was.
            await client.post("/login", data={"token": zoe})
            before = client.cookies[COOKIE]
            await client.post("/logout")
            await client.post("/logout", headers={"cookie": f"{COOKIE}={before}"})
        assert await told() == [
            of("signed_in", "olive"),
            of("signed_out", "olive"),
            of("signed_in", "zoe"),
            of("signed_out", "zoe"),
        ]
        assert not [
            row["data"] for row in await connection.fetch(TOLD) if "olive" in row["data"] or olive in row["data"]
        ]


async def test_what_hears_of_a_session_is_part_of_its_transaction(crm: Headrace):
    async def refuse(*_: object) -> None:
        raise RuntimeError("full")

    async with crm as app, lend(app) as connection:
        token = await token_for(app)
        with pytest.raises(RuntimeError):
            await Access(app, tell=refuse).log_in(token)
        assert await connection.fetchval("SELECT count(*) FROM headrace.web_session") == 0
