"""Where a request came from, as operators see it."""

import pytest

from fix_apps import Bench
from fix_console import bearer, client_of, token_for
from fix_events import NoteTaken
from fix_shop import console_of
from headrace import Sender, bind, uuid7
from headrace.console.access import Access, Principal
from headrace.console.api import create_api


@pytest.mark.parametrize("role", ["operator", "viewer"])
async def test_a_trace_tells_operators_where_its_request_came_from_and_viewers_not(bench: Bench, role):
    app, correlation = bench.app, uuid7()
    app.register(NoteTaken)
    with bind(correlation_id=correlation, sender=Sender("198.51.100.7", "<b>Mozilla</b>")):
        await app.append(NoteTaken("a"))

    async def authenticate(_request) -> Principal:
        return Principal("ada", role)

    async with console_of(app, authenticate=authenticate) as console, client_of(console) as client:
        page = await client.get(f"/trace/{correlation}")
    assert page.status_code == 200
    assert ("198.51.100.7" in page.text, "&lt;b&gt;Mozilla" in page.text) == (role == "operator",) * 2
    headers = bearer(await token_for(app, role))
    async with client_of(create_api(app, authenticate=Access(app).authenticate)) as client:
        told = await client.get(f"/senders/{correlation}", headers=headers)
        unknown = await client.get(f"/senders/{uuid7()}", headers=headers)
    if role == "viewer":
        assert (told.status_code, unknown.status_code) == (403, 403)
    else:
        assert told.json() == {"ip_address": "198.51.100.7", "user_agent": "<b>Mozilla</b>"}
        assert unknown.status_code == 404


async def test_what_the_api_changed_is_traced_to_the_address_in_its_record(bench: Bench):
    app = bench.app
    app.register(NoteTaken)
    headers = bearer(await token_for(app, "admin"))
    async with client_of(create_api(app, authenticate=Access(app).authenticate)) as client:
        done = await client.post("/events", json={"type": "note.taken", "data": {"text": "a"}}, headers=headers)
        assert done.status_code == 201, done.text
        correlation = await bench.value("SELECT correlation_id FROM headrace.event")
        told = await client.get(f"/senders/{correlation}", headers=headers)
    assert told.json()["ip_address"] == "203.0.113.7"
    assert await bench.value("SELECT count(*) FROM headrace.sender") == 0
