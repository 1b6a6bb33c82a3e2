"""What the console's forms do to many jobs, queues, limits and schedules; each recorded, undone if it can be."""

import re

import httpx

from fix_apps import eventually
from fix_shop import Shop, browsing, console_of
from headrace.console import Principal
from headrace.console.access import list_requests


def hidden(page: httpx.Response, action: str) -> list[tuple[str, str]]:
    """The hidden fields of the form of a page that is sent to an address."""
    form = page.text.split(f'action="{action}"')[1].split("</form>")[0]
    return re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)


async def post(client: httpx.AsyncClient, path: str, fields: list[tuple[str, str]] | dict[str, str]) -> httpx.Response:
    pairs = list(fields.items()) if isinstance(fields, dict) else fields
    return await client.post(
        path,
        content=httpx.QueryParams(pairs).__str__(),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )


async def test_many_jobs_are_counted_first_then_changed_and_the_record_says_by_whom(shop: Shop):
    async with console_of(shop.app) as console, browsing(console) as client:
        listed = await client.get("/jobs", params={"state": "dead", "kind": "bake"})
        fields = hidden(listed, "/jobs/bulk")
        assert sorted(fields) == [("kind", "bake"), ("state", "dead")]
        seen = await client.get("/jobs/bulk", params=[*fields, ("act", "retry")])
        assert "Run again 3 jobs?" in seen.text
        assert (await shop.app.operations.all())[0].action != "jobs.retried"
        confirmed = hidden(seen, "/jobs/bulk/begin")
        begun = await post(client, "/jobs/bulk/begin", [*confirmed, ("reason", "the oven is warm")])
        assert begun.status_code == 303
        again = await post(client, "/jobs/bulk/begin", [*confirmed, ("reason", "pressed twice")])
        assert again.headers["location"] == begun.headers["location"]

        async def has_ended() -> bool:
            return (await shop.app.operations.all())[0].ended_at is not None

        await eventually(has_ended)
        page = await client.get(begun.headers["location"])
        assert "3 jobs changed" in page.text
        assert "the oven is warm" in page.text
        (done, *_) = await shop.app.operations.all()
        assert (done.action, done.actor, done.changed_count, done.total_count) == ("jobs.retried", "root", 3, 3)
        async with shop.app.pool.acquire() as connection:
            (request, *_) = await list_requests(connection)
        assert (request.actor, request.action, request.ip_address) == ("root", "jobs.retry", "127.0.0.1")
        assert request.subject["operation"] == str(done.id)
        assert request.user_agent.startswith("python-httpx")
        record = await client.get("/operations")
        assert "jobs.retry" in record.text
        assert f"/operations/{done.id}" in record.text


async def test_jobs_chosen_one_by_one_are_meant_alone_and_that_can_be_undone(shop: Shop):
    async with console_of(shop.app) as console, browsing(console) as client:
        chosen = [("id", str(shop.jobs["pending"])), ("id", str(shop.jobs["scheduled"])), ("queue", "mail")]
        seen = await client.get("/jobs/bulk", params=[*chosen, ("act", "cancel")])
        assert "Cancel 2 jobs?" in seen.text
        begun = await post(client, "/jobs/bulk/begin", hidden(seen, "/jobs/bulk/begin"))

        async def has_ended() -> bool:
            return (await shop.app.operations.all())[0].ended_at is not None

        await eventually(has_ended)
        page = await client.get(begun.headers["location"])
        back = [*hidden(page, "/jobs/bulk"), ("act", "retry")]
        assert "Run again 2 jobs?" in (await client.get("/jobs/bulk", params=back)).text
        for wrong in (
            {"act": "explode"},
            {"act": "prioritise", "priority": "soon"},
            {"act": "retry", "state": "pending"},
            {"act": "retry", "id": "7"},
            {"act": "retry", "operation": "7"},
        ):
            assert (await client.get("/jobs/bulk", params=wrong)).status_code == 400
        nothing = await client.get("/jobs/bulk", params={"act": "retry", "kind": "unheard-of"})
        assert "No job fits" in nothing.text


async def test_only_an_admin_deletes(shop: Shop):
    async def operator(_: object) -> Principal:
        return Principal("op", "operator")

    async with console_of(shop.app, authenticate=operator) as console, browsing(console) as client:
        wanted = {"act": "delete", "state": "dead"}
        assert (await client.get("/jobs/bulk", params=wanted)).status_code == 403
        assert (await post(client, "/jobs/bulk/begin", wanted)).status_code == 403
        assert 'value="delete"' not in (await client.get("/jobs?state=dead")).text


async def test_queues_are_paused_with_a_reason_and_resumed(shop: Shop):
    async with console_of(shop.app) as console, browsing(console) as client:
        paused = await post(client, "/queues/act", {"queue": "default", "act": "pause", "reason": "too hot"})
        page = await client.get(paused.headers["location"])
        assert "No worker claims a job of default" in page.text
        assert "too hot" in page.text
        assert (await shop.app.queues.get("default")).paused_by == "root"
        await post(client, "/queues/act", {"queue": "default", "act": "resume"})
        assert not (await shop.app.queues.get("default")).is_paused
        for wrong in ({"queue": "", "act": "pause"}, {"queue": "mail", "act": "drop"}):
            assert (await post(client, "/queues/act", wrong)).status_code == 400


async def test_limits_are_edited_while_workers_run_and_given_back_to_the_code(shop: Shop):
    async with console_of(shop.app) as console, browsing(console) as client:
        page = await client.get("/limits/oven")
        assert "oven:2" in page.text
        edited = await post(client, "/limits/oven", {"concurrency": "7", "rate": "3", "per": "30s", "burst": "9"})
        page = await client.get(edited.headers["location"])
        assert "3 per 30 s, 9 at once" in page.text
        assert "edited" in page.text
        await post(client, "/limits/oven", {"act": "unset"})
        assert "9 at once" not in (await client.get("/limits/oven")).text
        await post(client, "/limits/@mail", {"concurrency": "4"})
        assert "4 at a time" in (await client.get("/queues")).text
        gone = await post(client, "/limits/@mail", {"act": "unset"})
        assert "is no longer in force" in (await client.get(gone.headers["location"])).text
        for wrong in ({}, {"concurrency": "-1"}, {"rate": "1.5"}, {"rate": "1", "per": "soon"}):
            assert (await post(client, "/limits/oven", wrong)).status_code == 400
        assert (await client.get("/limits/unheard-of")).status_code == 404


async def test_schedules_are_paused_run_now_changed_made_and_deleted(shop: Shop):
    async with console_of(shop.app) as console, browsing(console) as client:
        at = "/schedules/every-morning"
        for act, told in (("pause", "does not tick until"), ("resume", "goes on"), ("trigger", "is due now")):
            page = await client.get((await post(client, f"{at}/act", {"act": act})).headers["location"])
            assert told in page.text
        edit = {"act": "edit", "cron": "30 7 * * 1", "timezone": "UTC", "args": '{"n": 1}', "catch_up": "none"}
        page = await client.get((await post(client, f"{at}/act", edit)).headers["location"])
        assert "30 7 * * 1" in page.text
        changed = await shop.app.schedules.get("every-morning")
        assert (changed.args, changed.catch_up, changed.edited_by) == ({"n": 1}, "none", "root")
        made = await post(client, "/schedules", {"name": "tea time/4", "kind": "plan-day", "every": "4h", "args": "{}"})
        assert made.status_code == 303
        page = await client.get(made.headers["location"])
        assert "every 4 h" in page.text
        gone = await post(client, made.headers["location"].split("?")[0] + "/act", {"act": "delete"})
        assert "It is gone" in (await client.get(gone.headers["location"])).text
        for wrong in (
            {"act": "edit", "cron": "at noon"},
            {"act": "edit", "args": "{"},
            {"act": "edit", "catch_up": "some"},
            {"act": "explode"},
        ):
            assert (await post(client, f"{at}/act", wrong)).status_code == 400
        assert (await client.get("/schedules/none")).status_code == 404
        assert (await post(client, "/schedules", {"name": "x", "kind": "nothing"})).status_code == 400


async def test_subscriptions_are_paused_resumed_taken_back_and_events_skipped(shop: Shop):
    async with console_of(shop.app) as console, browsing(console) as client:
        at = "/subscriptions/refund"
        page = await client.get(at)
        (position,) = set(re.findall(r'name="position" value="(\d+)"', page.text))
        assert (await post(client, f"{at}/act", {"act": "skip", "position": position})).status_code == 400  # no reason
        for fields, told in (
            ({"act": "pause", "reason": "maintenance"}, "It rests until"),
            ({"act": "resume"}, "It goes on"),
            ({"act": "resume-parked", "position": position}, "handled again"),
            ({"act": "replay", "position": "0"}, "meets those events again"),
        ):
            page = await client.get((await post(client, f"{at}/act", fields)).headers["location"])
            assert told in page.text, fields
        assert "maintenance" in page.text  # what was done by hand
        assert (await post(client, f"{at}/act", {"act": "explode"})).status_code == 400
        assert (await post(client, "/subscriptions/none/act", {"act": "pause"})).status_code == 404


async def test_a_projection_is_rebuilt_and_its_builds_paused_and_dropped(shop: Shop):
    async with console_of(shop.app) as console, browsing(console) as client:
        at = "/projections/act"
        page = await client.get(
            (await post(client, at, {"act": "rebuild", "projection": "order_totals"})).headers["location"]
        )
        assert "Another build is begun" in page.text
        assert 'http-equiv="refresh"' in page.text
        build = {"projection": "order_totals", "build": "2"}
        for act in ("pause", "resume", "drop"):
            assert (await post(client, at, {**build, "act": act})).status_code == 303, act
        for wrong in ({"act": "drop", "projection": "order_totals"}, {**build, "act": "explode"}):
            assert (await post(client, at, wrong)).status_code == 400
        assert (await post(client, at, {"act": "rebuild", "projection": "none"})).status_code == 400
