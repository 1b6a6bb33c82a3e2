"""The console in a real browser: as it is used, without scripts, in many tabs, on a phone, through a restart."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.base import AXE_FILE_PATH

from fix_apps import eventually
from fix_browser import Browse, is_live
from fix_shop import OrderPlaced, Shop, console_of, make_shop, paths_of
from fix_sse import served
from headrace import Stream

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

IS_HERE_SEEN = """() => {
    const box = document.querySelector("nav [aria-current]")?.getBoundingClientRect();
    return !box || (box.left >= 0 && box.right <= innerWidth);
}"""
EMPTY = ("/", "/jobs", "/events", "/queues", "/schedules", "/dead", "/operations", "/subscriptions", "/projections")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES, CONTRAST = {"type": "tag", "values": TAGS}, {"type": "rule", "values": ["color-contrast"]}


async def kinds_in(page: Any) -> set[str]:
    return set(await page.locator("#results td.main > a:first-of-type").all_inner_texts())


@pytest.mark.slow
async def test_filters_deep_links_back_and_bulk_actions_work_and_the_log_grows(shop: Shop, browse: Browse):
    async with console_of(shop.app) as console, served(console) as port, browse() as watched:
        root = f"http://localhost:{port}"
        page = await watched.open(f"{root}/jobs")
        before = await page.locator("#results tbody tr").count()
        await page.get_by_label("Kind").fill("bake")
        await page.wait_for_url("**/jobs?kind=bake")
        await page.wait_for_function("() => document.querySelectorAll('#results tbody tr').length === 3")
        assert await kinds_in(page) == {"bake"}
        await page.get_by_label("dead").check()
        await page.wait_for_url("**/jobs?state=dead&kind=bake")
        await page.go_back()
        await page.wait_for_url("**/jobs?kind=bake")
        assert not await page.get_by_label("dead").is_checked()
        await page.go_back()
        await page.wait_for_function(f"() => document.querySelectorAll('#results tbody tr').length === {before}")
        assert await page.get_by_label("Kind").input_value() == ""
        deep = await watched.open(f"{root}/jobs?state=dead&kind=bake")
        assert await deep.get_by_label("dead").is_checked()
        await deep.get_by_label("Choose every job shown").check()
        await deep.get_by_role("button", name="Count them first").click()
        await deep.get_by_role("heading", name="Run again 3 jobs?").wait_for()
        await deep.get_by_role("button", name="Run again 3 jobs").click()
        await deep.get_by_text("3 jobs changed").wait_for()
        log = await watched.open(f"{root}/events?type=order.placed")
        rows = await log.locator("[data-rows] tr").count()
        await shop.app.append(OrderPlaced("pie <b>bold</b>"), stream=Stream("order", "new"))
        async with shop.app.process():
            await log.wait_for_function(f"() => document.querySelectorAll('[data-rows] tr').length === {rows + 1}")
        assert "pie <b>bold</b>" in await log.locator("[data-rows] tr").first.inner_text()
        assert await page.evaluate("window.stolen") is None


async def test_everything_works_without_scripts(shop: Shop, browse: Browse):
    async with console_of(shop.app) as console, served(console) as port, browse(java_script_enabled=False) as watched:
        page = await watched.open(f"http://localhost:{port}/", waits=False)
        assert await page.get_by_text("Dead", exact=True).first.is_visible()
        await page.get_by_role("link", name="Jobs", exact=True).click()
        await page.get_by_label("Kind").fill("bake")
        await page.get_by_role("button", name="Filter").click()
        await page.wait_for_url("**kind=bake**")
        assert await kinds_in(page) == {"bake"}
        await page.get_by_role("link", name="bake").first.click()
        await page.get_by_role("button", name="Run again", exact=True).click()
        await page.get_by_text("It is due again").wait_for()
        await page.get_by_role("button", name="Undo").click()
        await page.get_by_text("Cancelled where it waits").wait_for()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_axe_finds_nothing_and_nothing_scrolls_sideways_on_any_page(
    shop: Shop, browse: Browse, empty_database: str
):
    """Every page, the form to log in with, and what an empty system shows; light and dark, wide and on a phone."""
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    found: list[str] = []
    empty = make_shop(empty_database)
    async with (
        empty,
        console_of(shop.app) as console,
        console_of(empty, authenticate=None) as bare,
        console_of(empty) as new,
        served(console) as port,
        served(bare) as closed_port,
        served(new) as new_port,
    ):
        pages = [f"http://localhost:{port}{path}" for path in paths_of(shop).values()]
        pages += [f"http://localhost:{new_port}{path}" for path in EMPTY]
        pages.append(f"http://localhost:{closed_port}/login")
        for scheme, size in product(("light", "dark"), ({}, phone)):
            # Each scheme and each size has seen every page then; their other pairs only some, for the colours.
            is_full = (scheme == "dark") == bool(size)
            rules, shown = (RULES, pages) if is_full else (CONTRAST, pages[::3])
            async with browse(color_scheme=scheme, **size) as watched:
                page = await watched.open(pages[0])
                for address in shown:
                    await page.goto(address, wait_until="domcontentloaded")
                    found += [
                        f"{scheme} {'phone' if size else 'wide'} {address}: {one}"
                        for one in await faults_of(page, rules)
                    ]
    assert not found, "\n".join(found)


async def faults_of(page: Any, rules: dict[str, Any]) -> list[str]:
    """What of a page cannot be seen, heard or reached by somebody."""
    # Through the DevTools session: the page's own policy refuses a script from elsewhere.
    await page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8") + "\nundefined")
    result = await page.evaluate("rules => axe.run({runOnly: rules})", rules)
    faults = [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in result["violations"]]
    too_wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if too_wide > 0:
        faults.append(f"{too_wide} px too wide")
    if not await page.evaluate(IS_HERE_SEEN):
        faults.append("the menu does not show where we are")
    return faults


@pytest.mark.slow
async def test_nine_tabs_are_live_at_once_over_one_connection(shop: Shop, browse: Browse):
    async with console_of(shop.app) as console, served(console) as port, browse() as watched:
        pages = [await watched.open(f"http://localhost:{port}/") for _ in range(9)]
        assert console.site.pulse.watcher_count == 1
        await shop.app.queues.pause("default", by="ada")
        for page in pages:
            await is_live(page)
        await shop.app.enqueue("deliver", {}, queue="default")
        for page in pages:
            cell = page.locator('[data-live="queue.default.due"]')
            await page.wait_for_function(
                "e => e.textContent === '1' || e.textContent === '2'", arg=await cell.element_handle()
            )


@asynccontextmanager
async def on_port(asgi: Any, port: int) -> AsyncIterator[None]:
    """An application on a port of its own choice, as a server that comes back has it."""
    server = uvicorn.Server(uvicorn.Config(asgi, port=port, log_config=None, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    try:
        yield
    finally:
        console_end = getattr(asgi, "site", None)
        if console_end is not None:
            console_end.pulse.end()  # as the signal that stops a server does
        server.should_exit = True
        await serving


@pytest.mark.slow
async def test_a_page_goes_on_by_itself_when_the_server_comes_back(shop: Shop, browse: Browse):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with browse(may_complain=True) as watched:
        async with console_of(shop.app) as console, on_port(console, port):
            page = await watched.open(f"http://127.0.0.1:{port}/")
        await page.wait_for_selector('html[data-ready="lost"]', state="attached")
        await page.evaluate("window.isTheSame = true")
        async with console_of(shop.app) as console, on_port(console, port):
            await is_live(page)
            assert await page.evaluate("window.isTheSame")
