"""Logging in, out, and being logged out in a real browser; what a viewer sees; deep links that survive it."""

import re
from typing import Any

import pytest

from fix_browser import Browse, is_live
from fix_console import token_for
from fix_shop import Shop, a_viewer, console_of, paths_of
from fix_sse import served
from headrace.console.live import stream

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(120)]

DEEP = "/jobs?state=dead&kind=bake"
POST = """async path => {
    const answer = await fetch(path, {method: "POST", body: new URLSearchParams({act: "retry"})});
    return [answer.status, await answer.text()];
}"""


async def log_in(page: Any, token: str) -> None:
    await page.get_by_label("Token").fill(token)
    await page.get_by_role("button", name="Log in").click()


async def test_a_log_in_leads_back_to_the_deep_link_and_a_session_that_ends_to_the_log_in(
    shop: Shop, browse: Browse, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stream, "_RECHECK_SECONDS", 0.1)
    monkeypatch.setattr(stream, "_PING_SECONDS", 0.3)
    token = await token_for(shop.app, "operator", name="ada")
    async with (
        console_of(shop.app, authenticate=None) as console,
        served(console) as port,
        browse(may_complain=True) as watched,
    ):
        root = f"http://localhost:{port}"
        page = await watched.open(root + DEEP, waits=False)
        await page.wait_for_url("**/login?next=*")
        await log_in(page, "hr_wrong")
        await page.get_by_role("alert").wait_for()
        assert "unknown, expired or revoked" in await page.get_by_role("alert").inner_text()
        assert await watched.context.cookies() == []
        # The target survives the wrong try.
        await log_in(page, token)
        await page.wait_for_url(root + DEEP)
        await is_live(page)
        assert await page.get_by_label("dead").is_checked()
        (cookie,) = await watched.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
        assert await page.evaluate("document.cookie") == ""

        # The session ends on the server: the page that is open says so, and the next step leads to the log-in and back.
        async with shop.app.pool.acquire() as connection:
            await connection.execute("DELETE FROM headrace.web_session")
        await page.wait_for_selector('html[data-ready="signed-out"]', state="attached")
        await page.get_by_text("signed out").wait_for()
        await page.get_by_role("combobox", name="Queue", exact=True).fill("default")
        await page.wait_for_url("**/login?next=*")
        await log_in(page, token)
        await page.wait_for_url(f"{root}{DEEP}&queue=default")
        assert await page.get_by_role("combobox", name="Queue", exact=True).input_value() == "default"

        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_url("**/login")
        assert await watched.context.cookies() == []
        await page.go_back()  # nothing of what was shown is kept
        await page.wait_for_url("**/login?next=*")
        # Refused tries are all there is to complain of.
        assert [one for one in watched.complaints if "401" not in one and "the server responded" not in one] == []


async def test_a_viewer_sees_every_page_without_a_button_and_is_refused_what_he_asks_for(shop: Shop, browse: Browse):
    async with (
        console_of(shop.app, authenticate=a_viewer) as console,
        served(console) as port,
        browse(may_complain=True) as watched,
    ):
        root = f"http://localhost:{port}"
        page = await watched.open(f"{root}/")
        for path in paths_of(shop).values():
            await page.goto(root + path, wait_until="domcontentloaded")
            assert await page.locator('form[method="post"]').count() == 0, path
            assert await page.locator('button:not(form[method="get"] button)').count() == 0, path
        assert watched.complaints == []
        dead, before = shop.jobs["dead"], await shop.app.operations.all()
        for path in (f"/jobs/{dead}/act", "/jobs/bulk", "/jobs/bulk/begin", "/queues/act"):
            status, text = await page.evaluate(POST, path)
            assert status == 403
            assert "guest is a viewer" in text
        assert all(one.startswith(root) and "403" in one for one in watched.complaints)
        assert await shop.app.operations.all() == before


async def test_every_filter_of_every_list_is_in_the_address_and_back_takes_it_away(shop: Shop, browse: Browse):
    values = {"state": "dead", "order": "oldest", "since": "1h", "aggregate": "order", "type": "order.placed"}
    async with console_of(shop.app) as console, served(console) as port, browse() as watched:
        root = f"http://localhost:{port}"
        seen: set[str] = set()
        for path in ("/jobs", "/events", "/operations"):
            page = await watched.open(root + path)
            fields = await page.eval_on_selector_all(
                "form[data-swap] [name]", "all => [...new Set(all.map(one => [one.name, one.type].join()))]"
            )
            for name, kind in (one.split(",") for one in fields):
                seen.add(f"{path} {name}")
                wanted = values.get(name, "none")
                field = page.locator(
                    f'form[data-swap] [name="{name}"]' + (f'[value="{wanted}"]' if kind == "checkbox" else "")
                )
                if kind == "checkbox":
                    await field.check(force=True)
                elif kind.startswith("select"):
                    await field.select_option(wanted)
                else:
                    await field.fill(wanted)
                address = f"{root}{path}?{name}={wanted}"
                await page.wait_for_url(address)
                await page.wait_for_selector('#results:not([aria-busy="true"])')
                after = await page.locator("#results").inner_text()
                deep = await watched.open(address, waits=False)
                assert await shown(deep, name) == wanted
                assert bare(await deep.locator("#results").inner_text()) == bare(after)
                await deep.close()
                await page.go_back()
                await page.wait_for_url(root + path)
                assert await shown(page, name) == ""
            await page.close()
        assert {
            "/jobs kind",
            "/jobs state",
            "/jobs order",
            "/events text",
            "/events since",
            "/operations actor",
        } <= seen


async def shown(page: Any, name: str) -> str:
    """What a filter's field says."""
    return await page.eval_on_selector(
        "form[data-swap]", "(form, name) => new FormData(form).getAll(name).join()", name
    )


def bare(text: str) -> str:
    """A text without the moments in it, which move on."""
    return re.sub(r"\d+ \w+ ago|just now|in \d+ \w+", "", text)


async def test_jobs_are_cancelled_after_a_preview_and_taken_back(shop: Shop, browse: Browse):
    async with console_of(shop.app) as console, served(console) as port, browse() as watched:
        root = f"http://localhost:{port}"
        page = await watched.open(f"{root}/jobs?queue=mail&state=pending&state=scheduled")
        boxes = page.locator('#results tbody input[type="checkbox"]')
        assert await boxes.count() == 2
        await boxes.first.check()
        await page.get_by_label("With those chosen, or all that fit").select_option("cancel")
        await page.get_by_role("button", name="Count them first").click()
        await page.get_by_role("heading", name="Cancel 1 job?").wait_for()
        assert await of_mail(shop, "cancelled") == 1  # the shop's own; a preview changes nothing
        await page.get_by_role("link", name="Do nothing").click()
        await page.wait_for_url(f"{root}/jobs?state=pending&state=scheduled&queue=mail")
        await page.goto(f"{root}/jobs?queue=mail&state=pending")
        before = len(await shop.app.operations.all())
        sent: list[str] = []
        page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
        await boxes.first.check()
        await page.get_by_label("With those chosen, or all that fit").select_option("cancel")
        await page.get_by_role("button", name="Count them first").click()
        await page.get_by_label("Why").fill("sent twice")
        await page.get_by_role("button", name="Cancel 1 job").click()
        await page.get_by_text("1 job changed").wait_for()
        assert await page.get_by_text("sent twice").first.is_visible()
        assert await of_mail(shop, "cancelled") == 2
        # No page of the way is the answer to a form: all are loaded again, gone back to and on, and nothing is sent.
        done = page.url
        for step in (page.reload, page.go_back, page.reload, page.go_back, page.go_forward, page.go_forward):
            # A page the browser has kept whole asks for itself again; a step away from it meanwhile would fail.
            await page.evaluate("window.wasLeft = true")
            await step(wait_until="commit")
            await page.wait_for_function("!window.wasLeft && document.readyState === 'complete'")
        assert (page.url, sent) == (done, [f"{root}/jobs/bulk/begin"])
        await page.get_by_text("1 job changed").wait_for()
        assert len(await shop.app.operations.all()) == before + 1
        await page.get_by_role("button", name="Undo: run them again").click()
        await page.get_by_role("button", name="Run again 1 job").click()
        await page.get_by_role("heading", name="jobs.retried").wait_for()
        await page.get_by_text("1 job changed").wait_for()
        assert await of_mail(shop, "cancelled") == 1


async def of_mail(shop: Shop, state: str) -> int:
    async with shop.app.pool.acquire() as connection:
        query = "SELECT count(*) FROM headrace.outcome WHERE queue = 'mail' AND state = $1::headrace.outcome_state"
        return await connection.fetchval(query, state)
