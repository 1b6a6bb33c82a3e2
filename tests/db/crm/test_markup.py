"""Whatever is stored, wherever it is shown: no field of the CRM becomes markup on any page."""

import json
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from fix_crm_pages import fill_pages, web_of
from fix_markup import read, require_sound
from fix_shop import an_admin, browsing
from headrace import Headrace
from headrace_crm.config import Settings
from headrace_crm.config.web import WebSettings

TEXTS = """
    SELECT table_name AS of, column_name AS name, CASE data_type WHEN 'ARRAY' THEN 'text[]' ELSE data_type END AS type
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'crm' AND table_type = 'BASE TABLE' AND is_generated = 'NEVER'
      AND (data_type IN ('text', 'jsonb') OR data_type = 'ARRAY' AND udt_name = '_text')
    ORDER BY 1, 2
"""
WORDS = {"kind", "state", "provider", "source", "role", "direction", "trend", "topic", "field", "rule", "language"}
"""What the CRM itself wrote, and reads as one of a few words."""
MACHINE = re.compile(r"\d{4}-\d\d-\d\d.*|P[\dT].*|[0-9a-f-]{36}")
"""Moments, durations and ids in JSON."""
ADDRESSES = {"owner_address.email", "contact_address.email", "interaction.email"}
"""By these a page is asked for."""
DOCUMENTS = {"enrichment.received"}
"""Documents of our own in a column of text: none of them is shown."""
SHOWN = {
    *("account.email", "account.status_reason"),
    *("answer.about", "answer.answered_by", "answer.note", "answer.text", "citation.quote", "question.text"),
    *("contact.addresses", "contact.name", "contact_profile.fields", "contact_tag.tag", "enrichment.detail"),
    *("email_analytics.figures", "insight.text", "passage.body"),
    *("message.attachments", "message.body_text", "message.labels", "message.list_id", "message.sender_name"),
    *("message.subject", "message_address.email", "message_address.name"),
}
"""What pages show of what others wrote; where one of these is not seen, the test has lost sight of it."""
REFUSED = """
    INSERT INTO crm.enrichment (contact_id, source, state, asked_for, asked_at)
    SELECT contact_id, 'pdl', 'refused', '', now() FROM crm.insight LIMIT 1
"""
TAGGED = """
    INSERT INTO crm.contact_tag (contact_id, owner_id, tag, tagged_at)
    SELECT contact_id, owner_id, 'rowing', now() FROM crm.insight LIMIT 1
"""


def mark(column: str) -> str:
    return f"{column}<img src=x onerror=window.stolen=1><script>window.stolen=1</script>\"'"


def marked(value: Any, sign: str) -> Any:
    """A value of JSON with a mark behind every text of people in it."""
    match value:
        case str():
            return value if MACHINE.fullmatch(value) else f"{value} {sign}"
        case list():
            return [marked(each, sign) for each in value]
        case dict():
            # A profile's fields keep their sources and moments.
            return {key: each if key in {"source", "fetched_at"} else marked(each, sign) for key, each in value.items()}
        case _:
            return value


async def mark_everything(connection: asyncpg.Connection) -> Mapping[str, str]:
    """Puts markup into every field of text that can hold it; the marks by their columns."""
    marks: dict[str, str] = {}
    for table, name, kind in await connection.fetch(TEXTS):
        column = f"{table}.{name}"
        if name in WORDS or column in ADDRESSES | DOCUMENTS:
            continue
        sign, at = mark(column), f'crm."{table}"'
        try:
            async with connection.transaction():
                if kind == "text":
                    done = await connection.execute(
                        f'UPDATE {at} SET "{name}" = concat("{name}", $1::text)', f" {sign}"
                    )
                elif kind == "text[]":
                    done = await connection.execute(f'UPDATE {at} SET "{name}" = "{name}" || $1::text', sign)
                else:
                    rows = await connection.fetch(f'SELECT ctid, "{name}" FROM {at} WHERE "{name}" IS NOT NULL')
                    for ctid, value in rows:
                        told = json.dumps(marked(json.loads(value), sign))
                        await connection.execute(f'UPDATE {at} SET "{name}" = $2 WHERE ctid = $1', ctid, told)
                    done = f"UPDATE {len(rows)}"
        except asyncpg.IntegrityConstraintViolationError:
            continue  # it can hold nothing else than what it holds
        if done != "UPDATE 0":
            marks[column] = sign
    return marks


async def test_nothing_that_is_stored_becomes_markup_on_any_page(crm: Headrace, tmp_path: Path):
    async with crm as app, web_of(app, authenticate=an_admin) as web, browsing(web) as client:
        paths = await fill_pages(app, tmp_path)
        async with app.pool.acquire() as connection, connection.transaction():
            for more in (REFUSED, TAGGED):
                await connection.execute(more)
            marks = await mark_everything(connection)
        seen: set[str] = set()
        for name, path in paths.items():
            page = await client.get(path)
            assert page.status_code == 200, (name, page.text[:500])
            require_sound(page)
            assert "<img src=x" not in page.text, name
            seen |= {column for column in marks if f"{column}&lt;img" in page.text}
        assert seen >= SHOWN


async def stripping(scope: Scope, receive: Receive, send: Send, *, to: ASGIApp) -> None:
    """What a proxy does that takes the prefix of its paths away, and tells nobody."""
    assert scope["path"].startswith("/tools/people/")
    await to({**scope, "path": scope["path"].removeprefix("/tools/people")}, receive, send)


async def test_every_link_of_every_page_leads_on_wherever_the_crm_is(crm: Headrace, tmp_path: Path):
    public = Settings(web=WebSettings(public_url="https://x.example/tools/people"))
    async with (
        crm as app,
        web_of(app, authenticate=an_admin) as web,
        web_of(app, authenticate=an_admin, settings=public) as behind,
    ):
        paths = await fill_pages(app, tmp_path)
        hosts = (Starlette(routes=[Mount("/tools/people", web)]), behind, partial(stripping, to=behind))
        for host in hosts:
            async with browsing(host) as client:
                await follow(client, {f"/tools/people{path}" for path in paths.values()}, further=host is hosts[0])
                asked = await client.get("/tools/people/accounts")
                assert asked.headers["location"] == "/tools/people/crm/accounts"


async def follow(client: httpx.AsyncClient, ahead: set[str], *, further: bool) -> None:
    """Opens every page, and with `further` what they lead to: links and forms stay under the prefix."""
    seen: set[str] = set()
    while ahead:
        path = ahead.pop()
        seen.add(path.split("?")[0])
        page = await client.get(path)
        # Messages made here without an import have no event.
        assert page.status_code in ({303, 404} if path.endswith("/event") else {200, 303}), path
        if "text/html" not in page.headers.get("content-type", ""):
            continue
        tags = read(page)
        for link in tags.links + tags.targets:
            assert link.startswith(("/tools/people/", "#")), (path, link)
        if further:
            links = {link for link in tags.links if "/crm/" in link}
            ahead |= {link for link in links if link.split("?")[0].split("#")[0] not in seen}
    assert len(seen) > (40 if further else 10)
