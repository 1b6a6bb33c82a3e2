"""The CRM's pages in a real browser: found by typing, without a fault for those who cannot see, on a phone too."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from axe_playwright_python.base import AXE_FILE_PATH

from fix_browser import Browse
from fix_crm_pages import fill_pages, web_of
from fix_shop import an_admin
from fix_sse import served
from headrace import Headrace

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

FORM = "form.filters"
NAMES = "all => [...new Map(all.map(one => [one.name, one.type]))]"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.slow
async def test_people_are_found_by_typing_and_no_page_has_a_fault_for_anybody(
    crm: Headrace, browse: Browse, tmp_path: Path
):
    axe = AXE_FILE_PATH.read_text(encoding="utf-8")
    faults: list[str] = []
    async with crm as app, web_of(app, authenticate=an_admin) as web, served(web, lifespan="off") as port:
        root = f"http://localhost:{port}"
        paths = await fill_pages(app, tmp_path)
        async with browse() as watched:
            page = await watched.open(f"{root}/crm/contacts")
            await page.get_by_label("Find").fill("person 01")
            await page.wait_for_function("() => document.querySelectorAll('#results tbody tr').length === 10")
            await page.get_by_label("Find").fill("ada")
            await page.get_by_role("link", name="Ada").click()
            await page.get_by_role("heading", name="What sources say").wait_for()
            assert await page.evaluate("window.stolen") is None
            # A mailbox that is being read is followed without a reload, in the list and on its own page.
            pages = [await watched.open(root + paths[name]) for name in ("accounts", "account-0")]
            async with app.pool.acquire() as connection:
                await connection.execute("UPDATE crm.import SET new_count = 3000 WHERE account_id IS NOT NULL")
            for page in pages:
                await page.get_by_text("3,000 of 4,000 so far").wait_for()
                assert await page.locator('.mirrored rect[width="75.0"]').count() == 1
                await page.close()
        async with browse(java_script_enabled=False) as watched:
            page = await watched.open(root + paths["accounts"], waits=False)
            assert await page.get_by_text("3,000 of 4,000 so far").is_visible()
        for options in (
            {"color_scheme": "light"},
            {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}, "has_touch": True},
        ):
            async with browse(**options) as watched:
                for path in paths.values():
                    page = await watched.open(root + path)
                    if await page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
                        faults.append(f"{path} {options['color_scheme']}: too wide")
                    # Through the DevTools session: the page's own policy refuses a script from elsewhere.
                    await page.evaluate(axe + "\nundefined")
                    result = await page.evaluate("rules => axe.run({runOnly: rules})", RULES)
                    faults += [f"{path}: {one['id']}: {one['nodes'][0]['html'][:160]}" for one in result["violations"]]
                    await page.close()
    assert faults == []


@pytest.mark.slow
async def test_everything_works_without_scripts_and_by_keyboard(crm: Headrace, browse: Browse, tmp_path: Path):
    async with crm as app, web_of(app, authenticate=an_admin) as web, served(web, lifespan="off") as port:
        root = f"http://localhost:{port}"
        paths = await fill_pages(app, tmp_path)
        async with browse(java_script_enabled=False) as watched:
            page = await watched.open(f"{root}{paths['ask']}", waits=False)
            await page.get_by_label("Question").fill("what froze?")
            await page.get_by_role("button", name="Ask", exact=True).click()
            await page.get_by_role("heading", name="what froze?").wait_for()
            await page.get_by_role("link", name="1", exact=True).click()
            assert page.url.endswith("#passage-1")
            await page.get_by_role("link", name="Valve").click()
            await page.get_by_text("The oxygen valve froze.").first.wait_for()

            await page.goto(root + paths["contact"])
            await page.get_by_role("link", name="A month before").click()
            await page.get_by_role("link", name="Back to now").wait_for()
            await page.get_by_label("As it was at the end of").fill("2026-02-28")
            await page.get_by_role("button", name="Go there").click()
            await page.get_by_text("As of 2026-02-28.").wait_for()

            await page.goto(root + paths["account-0"])
            await page.get_by_role("button", name="Pause older mail").click()
            await page.get_by_role("button", name="Go on with older mail").wait_for()
            await page.get_by_role("link", name="Unlink").click()
            await page.get_by_role("link", name="Do nothing").click()
            await page.get_by_text("How far it is").wait_for()
        async with browse() as watched:
            page = await watched.open(root + paths["map"])
            person = page.get_by_role("link", name="Person 003, strength").first
            await person.focus()
            await page.keyboard.press("Enter")
            await page.get_by_role("heading", name="Person 003").wait_for()
            assert await page.evaluate("window.stolen") is None


@pytest.mark.slow
async def test_every_filter_is_in_the_address_a_deep_link_shows_the_same_and_back_takes_it_away(
    crm: Headrace, browse: Browse, tmp_path: Path
):
    values = {"text": "hull", "since": "2026-02-21", "until": "2026-02-27", "person": "joan", "days": "7"}
    async with crm as app, web_of(app, authenticate=an_admin) as web, served(web, lifespan="off") as port:
        root = f"http://localhost:{port}"
        await fill_pages(app, tmp_path)
        seen: set[str] = set()
        async with browse() as watched:
            for path in ("/crm/contacts", "/crm/insights", "/crm/map", "/crm/search", "/crm/activity"):
                page = await watched.open(root + path)
                for name, kind in await page.eval_on_selector_all(f"{FORM} [name]", NAMES):
                    seen.add(f"{path} {name}")
                    field, before = page.locator(f'{FORM} [name="{name}"]'), await shown(page, name)
                    wanted = values.get(name, "none")
                    if kind.startswith("select"):
                        options = await field.locator("option").evaluate_all("all => all.map(one => one.value)")
                        wanted = next(one for one in (wanted, *options) if one and one != before and one in options)
                        await field.select_option(wanted)
                    else:
                        await field.fill(wanted)
                    await page.locator(f"{FORM} button").first.click()
                    await page.wait_for_url(lambda url, name=name, wanted=wanted: asked(url).get(name) == wanted)
                    assert await shown(page, name) == wanted
                    deep = await watched.open(page.url)
                    assert await shown(deep, name) == wanted
                    assert await told_on(deep) == await told_on(page)
                    await deep.close()
                    await page.go_back()
                    await page.wait_for_url(root + path)
                    assert await shown(page, name) == before
                await page.close()
        assert {"/crm/contacts text", "/crm/contacts mailbox", "/crm/insights kind", "/crm/insights state"} <= seen
        assert {"/crm/search text", "/crm/search since", "/crm/search person", "/crm/activity days"} <= seen


def asked(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


async def told_on(page: Any) -> str:
    """What a page says, without how long ago something was."""
    return re.sub(r"\d+ \w+ ago|just now", "", await page.locator("main").inner_text())


async def shown(page: Any, name: str) -> str:
    """What a filter's field says."""
    return await page.eval_on_selector(FORM, "(form, name) => new FormData(form).get(name) ?? ''", name)
