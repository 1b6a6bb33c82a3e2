"""What keeps a database in order, over HTTP: its schema, retention, archives of events, keys, builds waited for."""

import asyncio
from pathlib import Path

import httpx
import pytest

from fix_apps import opened_bench
from fix_archive import OrderPlaced, PageViewed, append_all, keeping, moved_back
from fix_console import bearer, client_of, token_for
from fix_days import moved_back as jobs_moved_back
from fix_projections import declare, take_notes
from headrace.cleanup import cleanup_old_events
from headrace.console import Access
from headrace.console.api import create_api
from headrace.testing import drain


@pytest.fixture
def archive(tmp_path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
async def app(database, archive):
    async with opened_bench(database, event_retention=keeping(archive)) as bench:
        bench.app.register(PageViewed, OrderPlaced)
        yield bench.app


@pytest.fixture
async def client(app):
    async with client_of(create_api(app, authenticate=Access(app).authenticate)) as client:
        client.headers.update(bearer(await token_for(app, name="ada")))
        yield client


def answered(response: httpx.Response, status: int = 200):
    assert response.status_code == status, response.text
    return response.json()


async def test_the_schema_is_told_and_one_that_is_newer_than_the_program_is_no_fault_of_who_asks(client, connection):
    found = answered(await client.get("/database"))
    [engine] = found["sets"]
    assert (found["is_current"], engine["name"], engine["pending"]) == (True, "headrace", [])
    assert engine["applied"] == engine["available"] > 20
    await connection.execute(
        "DELETE FROM headrace.migration WHERE number = (SELECT max(number) FROM headrace.migration)"
    )
    found = answered(await client.get("/database"))
    assert (found["is_current"], len(found["sets"][0]["pending"])) == (False, 1)
    await connection.execute(
        "INSERT INTO headrace.migration (set_name, number, name)"
        " SELECT 'headrace', n, 'later' FROM generate_series(900, 901) AS n"
    )
    assert answered(await client.get("/database"), 503)["error"] == "SchemaError"


async def test_what_of_jobs_and_events_is_due_to_go_is_told_and_what_has_gone_listed(client, app, connection):
    @app.job("mail")
    async def mail() -> None: ...

    jobs = await app.enqueue_many("mail", [None, None])
    await drain(app)
    await jobs_moved_back(connection, jobs, 31)
    told = answered(await client.get("/job-retention"))
    assert told["kept"] == {"completed": "P7D", "failed": "P30D", "cancelled": "P7D", "dead": "P30D"}
    assert [(one["fate"], one["kept_count"]) for one in told["days"] if one["expired_count"] == 2] == [("drop", 0)]

    await append_all(app, PageViewed("a"), PageViewed("b"))
    first = await moved_back(connection, 9)
    due = answered(await client.get("/event-retention"))
    assert due["kept"] == {"domain": None, "operational": "P7D", "lifecycle": "P7D"}
    assert (due["is_archive"], due["unarchived"]) == (True, ["lifecycle"])
    assert [(one["partition"], one["fate"], one["event_count"]) for one in due["partitions"]] == [(first, "export", 2)]
    assert answered(await client.get("/event-archives")) == {"items": [], "next": None}

    await append_all(app, PageViewed("c"))
    second = await moved_back(connection, 8)
    await cleanup_old_events(app.pool, app.event_retention, clock=app.clock, telemetry=app.telemetry)
    assert answered(await client.get("/event-retention"))["partitions"] == []
    page = answered(await client.get("/event-archives?limit=1"))
    assert [(one["partition"], one["file"]) for one in page["items"]] == [(first, f"{first}.jsonl.gz")]
    page = answered(await client.get(f"/event-archives?limit=1&cursor={page['next']}"))
    assert [(one["partition"], one["event_count"]) for one in page["items"]] == [(second, 1)]
    assert answered(await client.get(f"/event-archives?cursor={page['next']}")) == {"items": [], "next": None}


async def test_who_waits_for_a_projection_is_answered_once_its_builds_are_settled(client, app):
    declare(app, "sql", lanes=2, swaps_itself=False)
    await take_notes(app, 10)
    await drain(app)
    settled = answered(await client.get("/projections/note_stats/wait?timeout=0"))
    assert (settled["is_settled"], [one["detail"]["state"] for one in settled["builds"]]) == (True, ["live"])
    answered(await client.post("/projections/note_stats/rebuild"), 201)
    over = answered(await client.get("/projections/note_stats/wait?timeout=0.01"))
    assert (over["is_settled"], [one["detail"]["state"] for one in over["builds"]]) == (False, ["live", "filling"])
    waits = asyncio.create_task(client.get("/projections/note_stats/wait"))
    await drain(app)
    answered(await client.post("/projections/note_stats/swap"))
    await drain(app)
    done = answered(await waits)
    assert done["is_settled"]
    answered(await client.get("/projections/gone/wait"), 404)
    answered(await client.get("/projections/note_stats/wait?timeout=61"), 422)
