"""What keeps a database in order, over HTTP: its schema, retention, archives of events, keys, builds waited for."""

import asyncio
from pathlib import Path

import httpx
import pytest

from fix_apps import opened_bench
from fix_archive import OrderPlaced, PageViewed, append_all, keeping, moved_back, rows_of
from fix_console import bearer, client_of, token_for
from fix_days import moved_back as jobs_moved_back
from fix_personal import FIRST_KEY, SECOND_KEY, PersonMet, met, person
from fix_projections import declare, take_notes
from headrace import KeyRing
from headrace.cleanup import cleanup_old_events
from headrace.console import Access
from headrace.console.api import create_api
from headrace.keyring import key_id
from headrace.testing import drain


@pytest.fixture
def archive(tmp_path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
async def app(database, archive):
    async with opened_bench(
        database, event_retention=keeping(archive), secret_keys=KeyRing([SECOND_KEY, FIRST_KEY])
    ) as bench:
        bench.app.register(PageViewed, OrderPlaced, PersonMet)
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


async def test_an_admin_lets_ended_jobs_and_old_events_go_and_brings_events_back(client, app, connection):
    @app.job("mail")
    async def mail() -> None: ...

    jobs = await app.enqueue_many("mail", [None, None])
    await drain(app)
    await jobs_moved_back(connection, jobs, 31)
    done = answered(await client.post("/job-retention"))
    assert done["is_done"]
    assert [one["fate"] for one in done["steps"] if one["count"] == 2] == ["drop"]
    assert answered(await client.post("/job-retention")) == {"steps": [], "is_done": True}
    assert await connection.fetchval("SELECT count(*) FROM headrace.job") == 0

    await append_all(app, PageViewed("a"), PageViewed("b"))
    old = await moved_back(connection, 9)
    before = await rows_of(connection)
    once = {"headers": {"idempotency-key": "clean"}}
    job = answered(await client.post("/event-retention", **once), 201)
    assert answered(await client.post("/event-retention", **once), 201) == job
    assert answered(await client.post("/event-retention"), 201) == {"id": job["id"], "is_new": False}
    await drain(app)
    assert answered(await client.get(f"/jobs/{job['id']}"))["result"]["event_count"] == 2
    assert await rows_of(connection) == []

    restore = f"/event-archives/{old}/restore"
    restored = answered(await client.post(restore, json={"days": 3, "reason": "a question"}))
    assert restored == {"partition": old, "event_count": 2, "is_new": True}
    assert await rows_of(connection) == before
    assert answered(await client.post(restore))["is_new"] is False
    [archived] = answered(await client.get("/event-archives"))["items"]
    assert archived["is_restored"]
    later, first = answered(await client.get("/operations"))["items"]
    assert (first["action"], first["actor"], first["reason"]) == ("archive.restored", "ada", "a question")
    assert (first["subject"], later["subject"]) == ({"partition": old, "days": 3}, {"partition": old, "days": 7})
    requests = answered(await client.get("/requests"))["items"]
    assert [one["action"] for one in requests][:2] == ["events.restore", "events.restore"]


async def test_what_cannot_be_brought_back_is_refused_and_says_why(client, app, connection, archive):
    await append_all(app, PageViewed("a"))
    old = await moved_back(connection, 9)
    await cleanup_old_events(app.pool, app.event_retention, clock=app.clock, telemetry=app.telemetry)
    restore = f"/event-archives/{old}/restore"
    for days in (0, 3_661):
        answered(await client.post(restore, json={"days": days}), 422)
    for elsewhere in ("event_operational_20310501", "..", "..%2f..%2fetc%2fpasswd"):
        answered(await client.post(f"/event-archives/{elsewhere}/restore"), 404)
    file = archive / f"{old}.jsonl.gz"
    file.write_bytes(file.read_bytes()[:-1])
    assert answered(await client.post(restore), 422)["error"] == "ArchiveError"
    app.event_retention = keeping()
    assert "no archive" in answered(await client.post(restore), 409)["detail"]
    app.event_retention = keeping(archive)
    await connection.execute("UPDATE headrace.event_archive SET file = NULL, sha256 = NULL")
    assert "without an export" in answered(await client.post(restore), 409)["detail"]
    assert await rows_of(connection) == []
    assert answered(await client.get("/operations"))["items"] == []


async def test_an_admin_makes_a_key_that_is_shown_once_and_wraps_all_under_the_first(client, app, database, connection):
    once = {"headers": {"idempotency-key": "key"}}
    made = answered(await client.post("/secret-keys", **once), 201)["key"]
    KeyRing.from_text(made)
    assert answered(await client.post("/secret-keys", **once), 201) is None
    assert made not in str(await connection.fetch("SELECT * FROM headrace.request"))
    async with opened_bench(database, secret_keys=KeyRing([FIRST_KEY])) as before:
        before.app.register(PersonMet)
        await before.app.append(met(), stream=person())
    assert answered(await client.post("/secret-keys/rotate")) == {"key_count": 1}
    wrapped = await connection.fetchval("SELECT wrapped FROM headrace.subject_key")
    assert wrapped[1:5] == key_id(SECOND_KEY)
    [operation] = answered(await client.get("/operations"))["items"]
    assert (operation["action"], operation["actor"], operation["subject"]) == ("keys.rotated", "ada", {"keys": 1})
