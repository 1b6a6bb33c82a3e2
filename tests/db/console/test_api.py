"""The HTTP API over ASGI, on a database."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from fix_apps import eventually
from fix_console import bearer, client_of, token_for
from fix_events import ContactCreated, NoteTaken
from headrace import Headrace, Job
from headrace.console import Access
from headrace.console.access.principal import ROLES
from headrace.console.access.recording import forget_requests
from headrace.console.api import create_api
from headrace.console.api.api import bare_api
from headrace.console.api.need import AREA, ROLE
from headrace.console.stats import read_stats


class Greeting(msgspec.Struct, frozen=True):
    name: str


@pytest.fixture
def shop(bench) -> Headrace:
    """An app with a kind, event types and a handler."""
    app = bench.app
    app.register(NoteTaken, ContactCreated)

    @app.job("greet", queue="greetings")
    async def greet(args: Greeting, job: Job) -> str:
        return f"hello {args.name}"

    @app.on(NoteTaken, name="notes", mode="ordered")
    async def notes(events, tx) -> None: ...

    return app


@pytest.fixture
async def client(shop):
    async with client_of(create_api(shop, authenticate=Access(shop).authenticate)) as client:
        client.headers.update(bearer(await token_for(shop, name="ada")))
        yield client


def ok(response: httpx.Response, status: int = 200):
    assert response.status_code == status, response.text
    return response.json()


def problem(response: httpx.Response, status: int) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status
    return response.json()["detail"]


ROUTES = [
    (method, path, operation)
    for path, methods in bare_api(Headrace("postgresql://nowhere"), lambda _: None).openapi()["paths"].items()
    for method, operation in methods.items()
]


def address(path: str) -> str:
    for name in ("job_id", "replay_id", "operation_id", "token_id"):
        path = path.replace(f"{{{name}}}", str(UUID(int=7)))
    return (
        path.replace("{position}", "7")
        .replace("{build}", "1")
        .replace("{name}", "x")
        .replace("{subject}", "x")
        .replace("{partition}", "x")
    )


def test_every_route_says_which_role_and_area_it_needs():
    assert len(ROUTES) > 60
    assert {operation[ROLE] for _, _, operation in ROUTES} == set(ROLES)
    assert [path for method, path, one in ROUTES if method != "get" and one[ROLE] == "viewer"] == []
    assert len({one["operationId"] for *_, one in ROUTES}) == len(ROUTES)
    assert all(one["description"] for *_, one in ROUTES)


async def test_every_route_refuses_without_a_token_with_too_little_and_for_another_site(shop):
    """Generated from the route table: what is added later is tested too."""
    asked: list[str] = []

    async def note(request) -> None:
        asked.append(request.url.path)

    app = create_api(shop, authenticate=Access(shop).authenticate)
    weak = {role: await token_for(shop, role) for role in ("viewer", "operator")}
    elsewhere = await token_for(shop, "admin", scopes=["jobs"])
    aside = await token_for(shop, "admin", scopes=["queues"])
    async with client_of(app) as client, client_of(create_api(shop, authenticate=note)) as anonymous:
        for method, path, operation in ROUTES:
            target = address(path)
            problem(await anonymous.request(method, target), 401)
            problem(await client.request(method, target, headers=bearer("hr_wrong")), 401)
            problem(await client.request(method, target, headers={"cookie": "headrace_session=x"}), 401)
            outside = aside if operation[AREA] == "jobs" else elsewhere
            problem(await client.request(method, target, headers=bearer(outside)), 403)
            for role, token in weak.items():
                if ROLES.index(role) < ROLES.index(operation[ROLE]):
                    problem(await client.request(method, target, headers=bearer(token)), 403)
            for foreign in ({"origin": "https://evil.org"}, {"sec-fetch-site": "cross-site"}):
                answer = await client.request(method, target, headers={**bearer(elsewhere), **foreign})
                problem(answer, 403)
                assert "access-control-allow-origin" not in answer.headers
    assert len(asked) == len(ROUTES)
    async with shop.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM headrace.request") == 0


async def test_jobs_are_enqueued_shown_explained_and_steered(client, bench):
    made = ok(await client.post("/jobs", json={"kind": "greet", "args": {"name": "Ada"}, "delay_seconds": 3600}), 201)
    job = f"/jobs/{made['id']}"
    shown = ok(await client.get(job))
    assert (shown["state"], shown["args"], shown["queue"], shown["actor"]) == (
        "scheduled",
        {"name": "Ada"},
        "greetings",
        "ada",
    )
    assert shown["causation_kind"] == "request"
    assert ok(await client.get(job + "/explain"))["items"][0]["reason"] == "not-due"
    assert ok(await client.get(job + "/logs")) == {"items": [], "next": None}
    assert ok(await client.patch(job, json={"priority": "critical", "reason": "hurry"}))["action"] == "jobs.prioritised"
    assert ok(await client.get(job))["priority"] == "critical"
    assert ok(await client.patch(job, json={"run_at": "2031-05-01T12:00:00+02:00"}))["changed_count"] == 1
    problem(await client.patch(job, json={}), 422)
    assert ok(await client.post(job + "/cancel", json={"tree": True}))["tree"]["cancelled_count"] == 1
    assert "has ended" in problem(await client.post(job + "/cancel"), 409)
    assert ok(await client.post(job + "/retry")) == {"id": made["id"], "tree": None}
    problem(await client.post(job + "/retry", json={"tree": False}), 409)
    problem(await client.delete(job), 409)
    unique = {"kind": "greet", "args": {"name": "Bo"}, "unique": {"key": "bo"}}
    first = ok(await client.post("/jobs", json=unique), 201)["id"]
    ok(await client.post(f"/jobs/{first}/cancel"))
    holder = ok(await client.post("/jobs", json=unique), 201)["id"]
    assert f"job {holder} holds the unique key 'bo'" in problem(await client.post(f"/jobs/{first}/retry"), 409)
    ok(await client.post(job + "/cancel"))
    assert ok(await client.delete(job))["action"] == "jobs.deleted"
    assert problem(await client.get(job), 404).startswith(f"no job {made['id']}")

    for wrong in (
        {"kind": "unknown"},
        {"kind": "greet"},
        {"kind": "greet", "args": {"name": 7}},
        {"kind": "greet", "args": {"name": "a"}, "colour": "red"},
        {"kind": "greet", "args": {"name": "a\0b"}},
        {"kind": "greet", "args": {"name": "a"}, "run_at": "2031-05-01T12:00:00"},
        {"kind": "greet", "args": {"name": "a"}, "priority": "urgent"},
    ):
        problem(await client.post("/jobs", json=wrong), 422)
    problem(await client.post("/jobs", content=b'{"kind": "greet", "args": {"name": "\\ud800"}}'), 422)
    problem(await client.post("/jobs", content=b"{"), 422)
    problem(await client.get("/jobs/7"), 422)
    problem(await client.get("/jobs?kind=a%00b"), 422)
    problem(await client.post("/jobs", content=b"[" + b" " * 5_000_000), 413)


async def test_lists_come_in_pages(client, shop):
    ids = [str((await shop.enqueue("greet", Greeting(str(n)))).id) for n in range(5)]
    found, cursor = [], ""
    while cursor is not None:
        page = ok(await client.get(f"/jobs?limit=2{cursor and '&cursor=' + cursor}"))
        found += [job["id"] for job in page["items"]]
        cursor = page["next"]
    assert found == ids[::-1]
    assert "cursor" in problem(await client.get("/jobs?cursor=7"), 422)
    assert ok(await client.get("/jobs?state=dead&state=failed"))["items"] == []
    problem(await client.get("/jobs?state=gone"), 422)
    problem(await client.get("/jobs?limit=0"), 422)


async def test_what_is_done_to_many_is_counted_first_and_recorded_with_its_request(client, shop):
    for n in range(3):
        await shop.enqueue("greet", Greeting(str(n)))
    deed = {"verb": "cancel", "filter": {"kinds": ["greet"]}, "reason": "wrong list"}
    assert ok(await client.post("/jobs/bulk", json={**deed, "dry_run": True}))["preview"]["count"] == 3
    done = ok(await client.post("/jobs/bulk", json=deed))["operation"]
    assert (done["actor"], done["changed_count"], done["reason"]) == ("ada", 3, "wrong list")
    listed = ok(await client.get("/operations"))["items"]
    assert [one["id"] for one in listed] == [done["id"]]
    assert ok(await client.get(f"/operations/{done['id']}")) == done
    problem(await client.get(f"/operations/{UUID(int=7)}"), 404)
    problem(await client.post("/jobs/bulk", json={"verb": "cancel", "filter": {}}), 422)
    operator = bearer(await token_for(shop, "operator", name="otto"))
    remove = {"verb": "delete", "filter": {"kinds": ["greet"]}}
    problem(await client.post("/jobs/bulk", json=remove, headers=operator), 403)
    assert ok(await client.post("/jobs/bulk", json=remove))["operation"]["changed_count"] == 3
    requests = ok(await client.get("/requests"))["items"]
    assert [(one["actor"], one["action"], one["status"]) for one in requests] == [
        ("ada", "jobs.bulk", 200),
        ("otto", "jobs.bulk", 403),
        ("ada", "jobs.bulk", 422),
        ("ada", "jobs.bulk", 200),
        ("ada", "jobs.bulk", 200),
    ]
    assert requests[0]["ip_address"] == "203.0.113.7"
    async with shop.pool.acquire() as connection:
        linked = await connection.fetchval("SELECT request_id FROM headrace.operation WHERE id = $1", UUID(done["id"]))
    assert str(linked) == requests[3]["id"]


async def test_what_is_done_to_many_can_go_on_after_the_answer_which_has_its_address(client, shop, bench):
    for n in range(3):
        await shop.enqueue("greet", Greeting(str(n)))
    deed = {"verb": "cancel", "filter": {"kinds": ["greet"]}, "reason": "wrong list", "wait": False}
    begin = {"json": deed, "headers": {"idempotency-key": "once"}}
    async with shop.pool.acquire() as holder, holder.transaction():
        await holder.execute("SELECT FROM headrace.run FOR UPDATE")  # nothing of it can be done yet
        begun = await client.post("/jobs/bulk", **begin)
        effect = ok(begun, 202)
        assert begun.headers["location"] == effect["address"] == f"/operations/{effect['operation']['id']}"
        again = await client.post("/jobs/bulk", **begin)
        assert (ok(again, 202), again.headers["location"]) == (effect, effect["address"])
        assert again.headers["idempotency-replayed"] == "true"
        at_work = ok(await client.get(effect["address"]))
        assert (at_work["ended_at"], at_work["seen_count"], at_work["total_count"]) == (None, 0, 3)
        problem(await client.post("/jobs/bulk", json={**deed, "reason": "x"}, headers=begin["headers"]), 422)

    async def ended() -> bool:
        return ok(await client.get(effect["address"]))["ended_at"] is not None

    await eventually(ended)
    done = ok(await client.get(effect["address"]))
    assert (done["changed_count"], done["seen_count"], done["actor"], done["reason"]) == (3, 3, "ada", "wrong list")
    assert len(ok(await client.get("/operations"))["items"]) == 1
    assert ok(await client.post(effect["address"] + "/resume", json={"wait": False}), 202) == done
    assert ok(await client.post(effect["address"] + "/resume")) == done
    counted = {**deed, "verb": "retry", "dry_run": True}
    assert ok(await client.post("/jobs/bulk", json=counted))["preview"]["count"] == 3
    document = ok(await client.get("/openapi.json"))
    answers = document["paths"]["/jobs/bulk"]["post"]["responses"]
    assert "Location" in answers["202"]["headers"]
    assert answers["202"]["content"] == answers["200"]["content"]
    assert document["components"]["schemas"]["Bulk"]["properties"]["wait"]["default"] is True


async def test_what_goes_on_when_the_app_closes_is_interrupted_and_goes_on_when_it_is_told_to(client, shop):
    for n in range(3):
        await shop.enqueue("greet", Greeting(str(n)))
    deed = {"verb": "cancel", "filter": {"kinds": ["greet"]}, "wait": False}
    async with shop.pool.acquire() as holder, holder.transaction():
        await holder.execute("SELECT FROM headrace.run FOR UPDATE")
        begun = ok(await client.post("/jobs/bulk", json=deed), 202)
        await shop.operations.stop()
        assert ok(await client.get(begun["address"]))["ended_at"] is None
    assert ok(await client.post(begun["address"] + "/resume"))["changed_count"] == 3


async def test_a_write_under_a_key_is_done_once_and_answered_alike(client, shop, bench):
    job = {"kind": "greet", "args": {"name": "Ada"}}
    key = {"idempotency-key": "order-7"}
    first, *rest = await asyncio.gather(*(client.post("/jobs", json=job, headers=key) for _ in range(6)))
    answers = [first, *rest]
    assert {one.status_code for one in answers} <= {201, 409}
    again = await client.post("/jobs", json=job, headers=key)
    assert again.headers["idempotency-replayed"] == "true"
    made = {one.json()["id"] for one in (*answers, again) if one.status_code == 201}
    assert made == {again.json()["id"]}
    assert await bench.value("SELECT count(*) FROM headrace.job") == 1
    other = {**job, "args": {"name": "Bo"}}
    assert "another request" in problem(await client.post("/jobs", json=other, headers=key), 422)
    ada = bearer(await token_for(shop, name="bo"))
    assert ok(await client.post("/jobs", json=job, headers={**key, **ada}), 201)["id"] not in made
    # What failed did nothing, and may be tried again under its key.
    failing = {"idempotency-key": "order-8"}
    problem(await client.post("/jobs", json={"kind": "unknown"}, headers=failing), 422)
    ok(await client.post("/jobs", json=job, headers=failing), 201)
    for wrong in ("", "x" * 201):
        problem(await client.post("/jobs", json=job, headers={"idempotency-key": wrong}), 422)
    async with shop.pool.acquire() as connection:
        later = datetime.now(UTC) + timedelta(days=2)
        await forget_requests(connection, now=later)
        assert await connection.fetchval("SELECT count(*) FROM headrace.request WHERE key IS NOT NULL") == 0
        assert await connection.fetchval("SELECT count(*) FROM headrace.request WHERE ip_address IS NOT NULL") > 0
        await forget_requests(connection, now=later + timedelta(days=30))
        assert await connection.fetchval("SELECT count(*) FROM headrace.request WHERE ip_address IS NOT NULL") == 0
        await forget_requests(connection, now=later + timedelta(days=400))
        assert await connection.fetchval("SELECT count(*) FROM headrace.request") == 0
    ok(await client.post("/jobs", json=other, headers=key), 201)


async def test_queues_limits_and_schedules_are_looked_at_and_changed(client):
    assert ok(await client.post("/queues/mail/pause", json={"reason": "lunch"}))["pause_reason"] == "lunch"
    assert ok(await client.get("/queues/mail"))["paused_by"] == "ada"
    assert [one["name"] for one in ok(await client.get("/queues"))["items"]] == ["mail"]
    assert ok(await client.post("/queues/mail/resume"))["paused_at"] is None

    rule = ok(await client.put("/limits/gmail", json={"concurrency": 2, "rate": {"count": 250, "per_seconds": 60}}))
    assert (rule["rule"]["concurrency"], rule["rule"]["rate"]["burst"], rule["edited_by"]) == (2, 250, "ada")
    assert ok(await client.put("/limits/@greetings", json={"concurrency": 0}))["rule"]["name"] == "@greetings"
    assert ok(await client.get("/limits/gmail"))["keys"] == []
    assert len(ok(await client.get("/limits"))["items"]) == 2
    problem(await client.put("/limits/gmail", json={}), 422)
    problem(await client.put("/limits/%20", json={"concurrency": 1}), 422)
    assert ok(await client.delete("/limits/gmail")) == {"rule": None}
    problem(await client.delete("/limits/gmail"), 404)

    made = {"name": "daily", "kind": "greet", "args": {"name": "Ada"}, "cron": "0 7 * * *", "timezone": "Europe/Berlin"}
    assert ok(await client.post("/schedules", json=made), 201)["edited_by"] == "ada"
    problem(await client.post("/schedules", json=made), 409)
    assert ok(await client.patch("/schedules/daily", json={"every_seconds": 60}))["cron"] is None
    assert ok(await client.patch("/schedules/daily", json={"args": {"name": "Bo"}}))["args"] == {"name": "Bo"}
    assert ok(await client.post("/schedules/daily/pause"))["is_paused"] is True
    assert ok(await client.post("/schedules/daily/resume"))["is_paused"] is False
    job = ok(await client.post("/schedules/daily/trigger"), 201)
    assert ok(await client.get("/schedules/daily"))["last_job_id"] == job["id"]
    assert ok(await client.delete("/schedules/daily")) == {"items": []}
    problem(await client.get("/schedules/daily"), 404)


async def test_events_are_appended_read_and_handed_to_subscriptions(client, shop, bench):
    note = {"type": NoteTaken.__headrace_event__.name, "data": {"text": "hello"}}
    event_id = str(uuid4())
    async with bench.working():
        assert ok(await client.post("/events", json={**note, "event_id": event_id}), 201) == {"id": event_id}
        stream = {"aggregate_type": "contact", "aggregate_id": "7"}
        contact = {"type": "contact.created", "data": {"name": "Ada"}, "stream": stream, "expected": 0}
        ok(await client.post("/events", json=contact), 201)
        problem(await client.post("/events", json=contact), 409)
        problem(await client.post("/events", json={**note, "data": {"text": 7}}), 422)
        problem(await client.post("/events", json={**note, "type": "gone"}), 422)

        async def are_there() -> bool:
            return len(ok(await client.get("/events"))["items"]) == 2

        await eventually(are_there)
        newest = ok(await client.get("/events?limit=1"))
        assert newest["items"][0]["aggregate_id"] == "7"
        assert newest["items"][0]["causation_kind"] == "request"
        older = ok(await client.get(f"/events?limit=1&cursor={newest['next']}"))["items"][0]
        assert older["id"] == event_id
        assert ok(await client.get(f"/events/{older['position']}"))["data"] == {"text": "hello"}
        problem(await client.get("/events/4711"), 404)
        problem(await client.get("/events/99999999999999999999"), 422)
        assert {one["name"] for one in ok(await client.get("/event-types"))["items"]} >= {"contact.created"}
        assert [one["name"] for one in ok(await client.get("/subscriptions"))["items"]] == ["notes"]
        assert ok(await client.post("/subscriptions/notes/pause", json={"reason": "why"}))["paused_by"] == "ada"
        assert ok(await client.post("/subscriptions/notes/resume"))["paused_at"] is None
        assert ok(await client.post("/subscriptions/notes/resume-parked")) == {"stream_count": 0}
        problem(await client.post("/subscriptions/notes/skip/1", json={"reason": "x"}), 404)
        assert ok(await client.post("/subscriptions/notes/replay", json={"after": 0}))["after"] == 0
        problem(await client.post("/subscriptions/notes/replay", json={}), 422)
        problem(await client.get("/subscriptions/gone"), 404)
        assert ok(await client.get("/parked-streams"))["items"] == []
        actions = ok(await client.get("/subscription-actions?subscription=notes"))["items"]
        assert [one["action"] for one in actions] == ["replay", "resume", "pause"]
        asked = ok(await client.post("/replays", json={"handler": "notes", "dry_run": True}), 201)
        assert asked["rehearsal"]["event_count"] == 1
        begun = ok(await client.post("/replays", json={"handler": "notes"}), 201)["replay"]
        assert ok(await client.get(f"/replays/{begun['id']}"))["actor"] == "ada"
        assert [one["id"] for one in ok(await client.get("/replays"))["items"]] == [begun["id"]]
        for verb in ("pause", "resume", "cancel"):
            ok(await client.post(f"/replays/{begun['id']}/{verb}"))
        assert len(ok(await client.get("/workers"))["items"]) == 1
    async with shop.pool.acquire() as connection:
        query = "SELECT count(*) FROM headrace.subscription_action WHERE request_id IS NULL"
        assert await connection.fetchval(query) == 0


async def test_projections_subjects_the_doctor_and_tokens_answer(client, shop):
    assert ok(await client.get("/projections"))["items"] == []
    problem(await client.get("/projections/gone"), 404)
    for verb in ("rebuild", "pause", "resume", "swap", "rollback"):
        assert (await client.post(f"/projections/gone/{verb}")).status_code in (404, 422)
    problem(await client.delete("/projections/gone/builds/1"), 404)
    problem(await client.get("/subjects/a/b"), 404)
    assert isinstance(ok(await client.get("/doctor"))["items"], list)
    assert ok(await client.get("/me")) == {"name": "ada", "role": "admin", "scopes": []}
    key = {"idempotency-key": "token"}
    made = ok(await client.post("/tokens", json={"name": "ci", "scopes": ["jobs"]}, headers=key), 201)
    assert ok(await client.get("/jobs", headers=bearer(made["token"])))["items"] == []
    assert ok(await client.post("/tokens", json={"name": "ci", "scopes": ["jobs"]}, headers=key), 201) is None
    assert made["token"] not in (await client.get("/tokens")).text
    scoped = bearer(await token_for(shop, "admin", scopes=["tokens", "jobs"]))
    problem(await client.post("/tokens", json={"name": "x"}, headers=scoped), 403)
    problem(await client.post("/tokens", json={"name": "x", "scopes": ["events"]}, headers=scoped), 403)
    assert ok(await client.delete(f"/tokens/{made['stored']['id']}"))["revoked_by"] == "ada"
    problem(await client.get("/jobs", headers=bearer(made["token"])), 401)


async def test_what_is_not_there_and_what_fails_is_a_problem_too(client, shop, bench):
    problem(await client.get("/gone"), 404)
    problem(await client.get("/../../etc/passwd"), 404)
    problem(await client.put("/jobs"), 405)
    answer = await client.get("/jobs")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    document = ok(await client.get("/openapi.json", headers={"authorization": ""}))
    assert document["openapi"] == "3.1.0"
    async with shop.pool.acquire() as connection:
        await connection.execute("ALTER TABLE headrace.operation RENAME TO elsewhere")
        try:
            assert "logged" in problem(await client.get("/operations"), 500)
        finally:
            await connection.execute("ALTER TABLE headrace.elsewhere RENAME TO operation")
    assert [one.fields["action"] for one in bench.records.named("api.failed")] == ["operations.operations"]
    await shop.close()
    try:
        assert (await client.get("/jobs")).status_code == 503
    finally:
        await shop.open(migrating=None)


async def test_stats_are_counted_while_few_and_told_from_a_sample_beyond(client, shop, bench):
    for n in range(4):
        await shop.enqueue("greet", Greeting(str(n)))
    ids = [(await shop.enqueue("greet", Greeting("x"))).id for _ in range(2)]
    async with shop.pool.acquire() as connection:
        await connection.execute("UPDATE headrace.run SET run_at = now() + interval '1 hour' WHERE job_id = $1", ids[0])
        await connection.execute(
            "INSERT INTO headrace.outcome (job_id, state, attempt, kind, queue, run_at, ended_at) "
            "SELECT headrace.uuid7(), (CASE WHEN n % 10 = 0 THEN 'dead' ELSE 'completed' END)::headrace.outcome_state, "
            "1, 'x', 'x', now(), now() FROM generate_series(1, 400) AS n"
        )
        await connection.execute(
            "INSERT INTO headrace.event (id, type, schema_version, data, source, correlation_id, occurred_at) "
            "SELECT headrace.uuid7(), (ARRAY['a', 'b'])[n % 4 / 3 + 1], 1, '{}', 'x', headrace.uuid7(), now() "
            "FROM generate_series(1, 400) AS n"
        )
    found = ok(await client.get("/stats"))
    assert found["jobs"] == {
        "total": 406,
        "pending": 5,
        "scheduled": 1,
        "processing": 0,
        "completed": 360,
        "failed": 0,
        "cancelled": 0,
        "dead": 40,
        "is_exact": True,
    }
    assert (found["events"]["total"], found["events"]["by_type"]) == (400, {"a": 300, "b": 100})

    found = []

    async def are_counted() -> bool:  # the server keeps count a little later
        async with shop.pool.acquire() as connection:
            found[:] = [await read_stats(connection, most=100)]
        return found[0].events.total >= 400

    await eventually(are_counted)
    stats = found[0]
    assert (stats.jobs.is_exact, stats.events.is_exact) == (False, False)
    assert stats.events.by_type == {"a": 300, "b": 100}
    assert 340 < stats.jobs.completed < 380
