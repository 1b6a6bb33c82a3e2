"""`crm mcp` as assistants use it: over pipes and over HTTP, by the client of the official package."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import httpx
import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from fix_apps import send
from fix_crm import lend
from fix_crm_pages import OWNER, XSS, import_letters
from headrace import Headrace
from headrace.console.access import create_token, revoke_token
from headrace.testing import drain
from headrace_crm.app import create_app, create_desk
from headrace_crm.assistant.http import assistant_web
from headrace_crm.assistant.server import Assistant
from headrace_crm.web.serving import serving

pytestmark = pytest.mark.timeout(60)

READING = {"search", "ask", "contact", "contacts", "timeline", "insights", "activity"}


async def suggest(app: Headrace) -> UUID:
    """An insight about Grace, in the words of her mail."""
    async with app.transaction() as tx:
        return await tx.connection.fetchval(
            "INSERT INTO crm.insight (id, owner_id, contact_id, kind, key, fingerprint, state, score, text,"
            " message_ids, numbers, as_of, told_at, changed_at)"
            " SELECT gen_random_uuid(), owner_id, id, 'owes_reply', 'k', 'f', 'open', 0.5, $1, '{7}',"
            " '{\"days\": 3}', now(), now(), now() FROM crm.contact WHERE addresses @> $2 RETURNING id",
            f"Answer {XSS}",
            ["grace@boats.example"],
        )


def over_pipes(database: str, *options: str) -> Client:
    environ = {**os.environ, "HEADRACE_DATABASE_URL": database}
    return Client(
        stdio_client(
            StdioServerParameters(
                command=sys.executable, args=["-W", "error", "-m", "headrace_crm.cli", "mcp", *options], env=environ
            )
        )
    )


@asynccontextmanager
async def over_http(url: str, token: str) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}) as client,
        Client(streamable_http_client(url, http_client=client)) as assistant,
    ):
        yield assistant


def answer(result: CallToolResult) -> dict:
    assert not result.is_error, result.content
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


def texts(told: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text of an answer, with the nearest key it stands under."""
    if isinstance(told, str):
        yield key, told
    elif isinstance(told, dict):
        for name, value in told.items():
            yield from texts(value, name)
    elif isinstance(told, list):
        for value in told:
            yield from texts(value, key)


def refusal(result: CallToolResult) -> str:
    assert result.is_error
    return result.content[0].text


async def test_an_assistant_reads_over_pipes_and_every_call_is_an_event(database: str, tmp_path: Path):
    async with create_app(database) as app:
        await import_letters(app, tmp_path)
        insight_id = await suggest(app)
        async with over_pipes(database, "--owner", OWNER) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert set(tools) == READING
            assert all(tool.annotations.read_only_hint and tool.output_schema for tool in tools.values())
            assert all("never instructions" in tool.description for tool in tools.values())
            assert "_untrusted" in client.instructions

            found = answer(await client.call_tool("search", {"query": "hull", "limit": 5}))
            assert [item["person_untrusted"][:5] for item in found["items"][:1]] == ["Grace"]
            assert "takes in water" in found["items"][0]["text_untrusted"]
            asked = answer(await client.call_tool("ask", {"question": "What froze?"}))
            assert "valve" in asked["answer_untrusted"].lower()
            assert asked["citations"][0]["address"] == "joan@rockets.example"
            grace = answer(await client.call_tool("contact", {"who": "grace@boats.example"}))
            assert (grace["sent_count"], grace["received_count"]) == (1, 1)
            page = answer(await client.call_tool("timeline", {"who": "grace", "limit": 1}))
            assert [each["direction"] for each in page["messages"]] == ["sent"]
            older = answer(
                await client.call_tool(
                    "timeline", {"who": "grace", "limit": 1, "before_message_id": page["next_before_message_id"]}
                )
            )
            assert [each["direction"] for each in older["messages"]] == ["received"]
            assert older["next_before_message_id"] is None
            days = answer(await client.call_tool("activity", {"days": 30}))
            assert (days["day_count"], days["interaction_count"]) == (30, 3)

            todo = answer(await client.call_tool("insights", {"about_person": "grace", "kinds": ["owes_reply"]}))
            assert [(each["insight_id"], each["message_ids"]) for each in todo["items"]] == [(str(insight_id), [7])]
            for told in (found, asked, grace, page, older, days, todo):
                assert all(key.endswith("_untrusted") for key, text in texts(told) if XSS in text)
            assert any(XSS in text for _, text in texts(found))

            nobody = refusal(await client.call_tool("contact", {"who": "Nobody Known"}))
            assert "nobody is called 'Nobody Known'; find people with search" in nobody
            several = refusal(await client.call_tool("contact", {"who": "example"}))
            assert several.startswith("2 people fit, ")
            assert XSS not in several
            assert "give one of their addresses" in several
            stranger = refusal(await client.call_tool("timeline", {"who": "grace", "before_message_id": 999}))
            assert "message 999 is none with this person; leave before_message_id out" in stranger
            for tool, wrong in (("search", {"query": "x", "limit": 1000}), ("activity", {"days": 0})):
                assert str(next(reversed(wrong.values()))) in refusal(await client.call_tool(tool, wrong))
            assert "enter_fact" in refusal(await client.call_tool("enter_fact", {"who": "grace"}))
        async with lend(app) as connection:
            rows = await connection.fetch(
                "SELECT data::jsonb AS data, text FROM headrace.event JOIN crm.question"
                " ON query_id = (data->>'query_id')::uuid WHERE type = 'ai.query_executed' ORDER BY position"
            )
    events = [json.loads(row["data"]) for row in rows]
    assert {each["channel"] for each in events} == {"mcp"}
    assert [row["text"] for row in rows][:3] == ["hull", "What froze?", "grace@boats.example"]
    assert [(each["tool"], each["answered_by"] in {"refused", "failed"}) for each in events] == [
        ("search", False),
        ("ask", False),
        ("contact", False),
        ("timeline", False),
        ("timeline", False),
        ("activity", False),
        ("insights", False),
        ("contact", True),
        ("contact", True),
        ("timeline", True),
        ("search", True),
        ("activity", True),
        ("enter_fact", True),
    ]


@asynccontextmanager
async def served(app: Headrace) -> AsyncIterator[str]:
    assistant = Assistant(app, create_desk(app, channel="mcp"), is_acting=True, public_url="http://127.0.0.1/mcp")
    async with serving(assistant_web(assistant, host="127.0.0.1"), host="127.0.0.1", port=0) as (server, _):
        yield f"{server.url}/mcp"


async def tag_by(client) -> None:
    """Tags are put, found by and taken away."""
    tags = {"who": "grace@boats.example", "add": ["VIP", "boat  builder"], "remove": ["other"]}
    assert [answer(await client.call_tool("tag_contact", tags))["is_changed"] for _ in range(2)] == [
        True,
        False,
    ]
    (listed,) = answer(await client.call_tool("contacts", {"tag": " Vip"}))["items"]
    assert (listed["address"], listed["tags"]) == ("grace@boats.example", ["boat builder", "vip"])
    assert len(answer(await client.call_tool("contacts", {}))["items"]) > 1
    assert answer(await client.call_tool("contacts", {"tag": "other"}))["items"] == []
    assert "no comma" in refusal(await client.call_tool("tag_contact", {**tags, "add": ["a,b"]}))
    assert "give tags" in refusal(await client.call_tool("tag_contact", {"who": "grace@boats.example"}))
    card = answer(await client.call_tool("contact", {"who": "grace@boats.example"}))
    assert card["tags"] == listed["tags"]


async def test_over_http_a_token_is_needed_and_an_operators_to_act(database: str, tmp_path: Path):
    async with create_app(database) as app, served(app) as url:
        await import_letters(app, tmp_path)
        async with app.transaction() as tx:
            viewer, looking = await create_token(tx.connection, "vera", role="viewer", by="test")
            _, acting = await create_token(tx.connection, "oscar", role="operator", by="test")
            _, elsewhere = await create_token(tx.connection, "jobs only", role="admin", scopes=["jobs"], by="test")
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        json_only = {"accept": "application/json, text/event-stream"}
        async with httpx.AsyncClient(headers=json_only) as stranger:
            for headers in ({}, {"authorization": "Bearer hr_wrong"}, {"authorization": f"Basic {looking}"}):
                refused = await stranger.post(url, json=ping, headers=headers)
                assert refused.status_code == 401, headers
                assert refused.headers["www-authenticate"].startswith("Bearer")
            outside = await stranger.post(url, json=ping, headers={"authorization": f"Bearer {elsewhere}"})
            assert outside.status_code == 403
            led_here = {"authorization": f"Bearer {looking}", "host": "evil.example"}
            assert (await stranger.post(url, json=ping, headers=led_here)).status_code == 421
            giant = {"authorization": f"Bearer {looking}", "content-type": "application/json"}
            assert (await stranger.post(url, content=b"[" * 300_000, headers=giant)).status_code == 413

        insight_id = str(await suggest(app))
        fact = {"who": "grace@boats.example", "field": "title", "value": "Shipwright"}
        async with over_http(url, looking) as client:
            assert answer(await client.call_tool("search", {"query": "tar"}))["items"]
            assert "vera may look and not act" in refusal(await client.call_tool("enter_fact", fact))
            tagged = await client.call_tool("tag_contact", {"who": fact["who"], "add": ["vip"]})
            assert "vera may look and not act" in refusal(tagged)
        async with over_http(url, acting) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert not tools["enter_fact"].annotations.read_only_hint
            assert answer(await client.call_tool("enter_fact", fact))["is_changed"]
            assert not answer(await client.call_tool("enter_fact", fact))["is_changed"]
            card = answer(await client.call_tool("contact", {"who": "grace@boats.example"}))
            assert ("title", "Shipwright") in [(each["field"], each["value_untrusted"]) for each in card["known"]]
            await tag_by(client)
            taken = answer(await client.call_tool("accept_insight", {"insight_id": insight_id}))
            assert (taken["insight"]["state"], taken["is_changed"]) == ("accepted", True)
            assert not answer(await client.call_tool("accept_insight", {"insight_id": insight_id}))["is_changed"]
            assert answer(await client.call_tool("dismiss_insight", {"insight_id": insight_id}))["is_changed"]
            missing = refusal(await client.call_tool("accept_insight", {"insight_id": str(UUID(int=7))}))
            assert missing == f"no insight has the id {UUID(int=7)}; the tool insights lists them"
            unknown = refusal(await client.call_tool("enter_fact", {**fact, "field": "shoe_size"}))
            assert "shoe_size" in unknown
        async with app.transaction() as tx:
            await revoke_token(tx.connection, viewer.id, by="test")
        async with httpx.AsyncClient(headers=json_only) as late:
            gone = await late.post(url, json=ping, headers={"authorization": f"Bearer {looking}"})
            assert gone.status_code == 401
        await drain(app)
        async with lend(app) as connection:
            actions = await connection.fetch(
                "SELECT data::jsonb AS data, actor FROM headrace.event WHERE type = 'ai.action_taken' ORDER BY position"
            )
    assert [(json.loads(row["data"])["action"], row["actor"]) for row in actions] == [
        ("fact.entered:title", "oscar"),
        ("fact.entered:title", "oscar"),
        ("contact.tagged", "oscar"),
        ("contact.tagged", "oscar"),
        ("insight.accepted", "oscar"),
        ("insight.dismissed", "oscar"),
    ]


async def test_the_command_serves_over_http_and_stops_when_it_is_told_to(database: str):
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "headrace_crm.cli", "mcp", "--http", "--port", "0"),
        env={**os.environ, "HEADRACE_DATABASE_URL": database},
        stdout=pipe,
        stderr=pipe,
    )
    told = ""
    while not (found := re.search(r"serving on (http://127\.0\.0\.1:\d+);(?s:.*)nobody has a token yet", told)):
        line = (await process.stderr.readline()).decode()
        assert line, told
        told += line
    async with httpx.AsyncClient() as client:
        assert (await client.post(f"{found[1]}/mcp", json={})).status_code == 401
    send(process, signal.SIGTERM)
    await process.communicate()
    assert process.returncode == 0
