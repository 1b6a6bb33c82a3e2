"""Every page of the console, asked for over ASGI: with something of everything in the database, and with nothing."""

import re
from html import unescape

import pytest

from fix_markup import read, require_sound
from fix_shop import XSS, Shop, a_viewer, browsing, console_of, make_shop, paths_of
from headrace import Unique

PATHS = [
    "/events",
    "/events?type=order.placed&aggregate=order&text=cake&since=1h&until=0s",
    "/streams",
    "/streams?type=order&id=nothing",
    "/subscriptions",
    "/projections",
    "/trace",
    "/trace/0197a3f0-0000-7000-8000-000000000000",
    "/queues",
    "/limits/@mail",
    "/schedules",
    "/workers",
    "/dead",
    "/operations",
    "/operations?actor=root",
    "/",
    "/jobs",
    "/jobs?state=dead&state=failed",
    "/jobs?kind=bake&queue=default&order=oldest&text=oven&since=1h",
]


def first_version(page: str) -> str:
    """The position of the first event that the choices of a stream's page name."""
    return re.findall(r'<option value="(\d+)"[^>]*>1: order', page)[0]


async def test_every_page_shows_a_busy_shop_and_takes_no_strangers_markup_for_its_own(shop: Shop):
    async with console_of(shop.app) as console, browsing(console) as client:
        paths = sorted({*PATHS, *paths_of(shop).values()})
        pages = {path: await client.get(path) for path in paths}
        for page in pages.values():
            require_sound(page)
        for state, job_id in shop.jobs.items():
            if state != "parent":
                listed = await client.get("/jobs", params={"state": "scheduled" if state == "failed" else state})
                assert str(job_id) in listed.text, state
        assert XSS not in "".join(page.text for page in pages.values())
        assert "the oven is cold &lt;script&gt;" in pages[f"/jobs/{shop.jobs['dead']}"].text
        assert "the printer burns &lt;script&gt;" in pages["/"].text
        assert "queue mail is paused by" in pages[f"/jobs/{shop.jobs['pending']}"].text
        assert "half way &lt;script&gt;" in pages[f"/jobs/{shop.jobs['completed']}"].text
        assert '<p class="error-line">bare</p>' in pages[f"/jobs/{shop.jobs['cancelled']}"].text
        assert 'aria-label="3 of 3"' in pages[f"/jobs/{shop.jobs['parent']}"].text
        assert "no money &lt;script&gt;" in pages["/subscriptions/refund"].text
        told = paths_of(shop)
        trace = pages[told["trace"]].text
        assert trace.count('class="node') >= 7
        assert "plan-day" in trace
        assert "order.placed" in trace
        assert '"price": 5' in unescape(pages[told["stream"]].text)
        before = await client.get(told["stream"] + "&at=" + first_version(pages[told["stream"]].text))
        assert '"price": 2' in unescape(before.text)
        found = await client.get("/jobs", params={"text": str(shop.jobs["dead"])})
        assert found.headers["location"].endswith(str(shop.jobs["dead"]))


async def test_every_link_of_every_page_leads_somewhere_wherever_it_is_mounted(shop: Shop):
    from starlette.applications import Starlette
    from starlette.routing import Mount

    async with console_of(shop.app) as console:
        host = Starlette(routes=[Mount("/admin/ops", console)])
        async with browsing(host) as client:
            seen: set[str] = set()
            ahead = ["/admin/ops/"]
            while ahead:
                path = ahead.pop()
                answer = await client.get(path)
                assert answer.status_code in {200, 303}, path
                if "text/html" in answer.headers.get("content-type", ""):
                    tags = read(answer)
                    assert all(one.startswith(("/admin/ops/", "#")) for one in tags.links + tags.targets), path
                    plain = {link.split("#")[0] for link in tags.links} - {""}
                    # Of pages that differ only in their query one of each is enough.
                    for link in sorted(plain):
                        if link.split("?")[0] not in {one.split("?")[0] for one in seen} and len(seen) < 40:
                            seen.add(link)
                            ahead.append(link)
        assert len(seen) > 5


async def test_an_empty_database_says_what_to_do_next(database: str):
    async with make_shop(database) as app, console_of(app) as console, browsing(console) as client:
        pages = {path: await client.get(path) for path in PATHS}
        for page in pages.values():
            require_sound(page)
        assert "Start a worker" in pages["/"].text
        assert "app.enqueue" in pages["/jobs"].text
        for path, told in [
            ("/queues", "A queue is there with"),
            ("/schedules", "Declare one in code"),
            ("/workers", "Jobs wait until one does"),
            ("/dead", "Nothing to do"),
            ("/events", "Append one from your application"),
            ("/subscriptions", "become subscriptions when a worker starts"),
            ("/projections", "No projection yet"),
            ("/operations", "Nothing was done over HTTP"),
        ]:
            assert told in pages[path].text


async def test_what_cannot_be_read_or_is_not_there_is_told_in_a_page(shop: Shop):
    async with console_of(shop.app) as console, browsing(console) as client:
        for path, status, told in [
            ("/nowhere", 404, "no such page"),
            ("/jobs/0197a3f0-0000-7000-8000-000000000000", 404, "Not found"),
            ("/events/99999999", 404, "no such page"),
            ("/events/99999999999999999999", 404, "no such page"),
            ("/events?below=-1", 400, "below must be"),
            ("/streams?type=order&id=day-0&projection=nothing", 200, "has no events"),
            ("/subscriptions/nothing", 404, "Not found"),
            ("/trace/7", 400, "must be a UUID"),
            ("/jobs/7", 400, "must be a UUID"),
            ("/jobs?state=odd", 400, "a state is one of"),
            ("/jobs?since=yesterday", 400, "since must be"),
            ("/jobs?after=x", 400, "after must be a UUID"),
            ("/jobs?text=%00", 400, "NUL"),
            ("/jobs?after=" + "7" * 2000, 400, "2000 characters"),
        ]:
            answer = await client.get(path)
            assert answer.status_code == status, path
            assert told in answer.text, path
        assert (await client.get("/jobs?since=99999999999d&until=0s")).status_code == 200


async def test_actions_are_done_recorded_and_taken_back(shop: Shop):
    async with console_of(shop.app) as console, browsing(console) as client:
        waiting, dead = shop.jobs["pending"], shop.jobs["dead"]
        cancelled = await client.post(f"/jobs/{waiting}/act", data={"act": "cancel"})
        assert cancelled.status_code == 303
        page = await client.get(cancelled.headers["location"])
        assert "Cancelled where it waits" in page.text
        assert "Undo" in page.text
        await client.post(f"/jobs/{waiting}/act", data={"act": "retry"})
        again = await client.post(f"/jobs/{waiting}/act", data={"act": "prioritise", "priority": "high"})
        assert "did=prioritise" in again.headers["location"]
        assert "did=retry" in (await client.post(f"/jobs/{dead}/act", data={"act": "retry"})).headers["location"]
        late = await client.post(f"/jobs/{shop.jobs['completed']}/act", data={"act": "cancel"})
        assert "did=nothing" in late.headers["location"]
        for wrong in ({"act": "explode"}, {"act": "prioritise", "priority": "urgent"}):
            assert (await client.post(f"/jobs/{waiting}/act", data=wrong)).status_code == 400
        done = await shop.app.operations.all()
        assert [(one.action, one.actor) for one in done[:5]] == [
            ("jobs.cancelled", "root"),
            ("jobs.retried", "root"),
            ("jobs.prioritised", "root"),
            ("jobs.retried", "root"),
            ("jobs.cancelled", "root"),
        ]
        twin = await shop.app.enqueue("bake", {"oven": "1"}, unique=Unique("ada"))
        await client.post(f"/jobs/{twin.id}/act", data={"act": "cancel"})
        holder = await shop.app.enqueue("bake", {"oven": "1"}, unique=Unique("ada"))
        held = await client.get((await client.post(f"/jobs/{twin.id}/act", data={"act": "retry"})).headers["location"])
        assert "It stays as it ended" in held.text
        assert f"/jobs/{holder.id}" in held.text


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://localhost"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
async def test_no_other_site_can_act(database: str, headers: dict[str, str]):
    async with make_shop(database) as app, console_of(app) as console, browsing(console) as client:
        del client.headers["sec-fetch-site"]
        job = await app.enqueue("bake", {"oven": "1"})
        answer = await client.post(f"/jobs/{job.id}/act", data={"act": "cancel"}, headers=headers)
        assert answer.status_code == 403
        assert await app.operations.all() == []
        own = await client.post(f"/jobs/{job.id}/act", data={"act": "cancel"}, headers={"origin": "http://localhost"})
        assert own.status_code == 303


async def test_a_viewer_looks_and_changes_nothing_and_a_stranger_does_not_even_look(shop: Shop):
    async def nobody(_: object) -> None:
        return None

    async with console_of(shop.app, authenticate=a_viewer) as console, browsing(console) as client:
        page = await client.get(f"/jobs/{shop.jobs['dead']}")
        assert "<form" not in page.text
        refused = await client.post(f"/jobs/{shop.jobs['dead']}/act", data={"act": "retry"})
        assert (refused.status_code, "guest is a viewer" in refused.text) == (403, True)
    async with console_of(shop.app, authenticate=nobody) as console, browsing(console) as client:
        for path in [*PATHS, "/live", f"/jobs/{shop.jobs['dead']}"]:
            answer = await client.get(path)
            assert answer.status_code == 401, path
            assert "oven" not in answer.text
