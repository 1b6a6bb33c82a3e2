"""Writes a picture of every page to the folder that HEADRACE_SCREENSHOTS names; `make screenshots` does so."""

import os
from pathlib import Path

import pytest

from fix_browser import Browse
from fix_crm_pages import fill_pages, web_of
from fix_shop import Shop, an_admin, console_of, make_shop, paths_of
from fix_sse import served
from headrace import Headrace
from headrace_crm.app import create_app

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

LOOKS = {
    "wide-light": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
    "wide-dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    "phone-light": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "phone-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}


def a_folder() -> Path:
    folder = Path(os.environ.get("HEADRACE_SCREENSHOTS", "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def test_a_picture_of_every_page_is_written(shop: Shop, browse: Browse, empty_database: str):
    folder = a_folder()
    empty = make_shop(empty_database)
    async with (
        console_of(shop.app) as console,
        empty,
        console_of(empty) as bare,
        served(console) as port,
        served(bare) as bare_port,
    ):
        for look, options in LOOKS.items():
            async with browse(**options) as watched:
                for name, path in paths_of(shop).items():
                    for prefix, at in (("", port), ("empty-", bare_port)):
                        if prefix and ("/" in path.strip("/") or not look.startswith("wide-l")):
                            continue
                        page = await watched.open(f"http://localhost:{at}{path}")
                        await page.screenshot(path=folder / f"{prefix}{name}-{look}.png", full_page=True)
                        await page.close()


async def test_a_picture_of_every_page_of_the_crm_is_written(
    crm: Headrace, browse: Browse, empty_database: str, tmp_path: Path
):
    folder = a_folder()
    empty = create_app(empty_database)
    async with (
        crm as app,
        empty,
        web_of(app, authenticate=an_admin) as web,
        web_of(empty, authenticate=an_admin) as bare,
        served(web, lifespan="off") as port,
        served(bare, lifespan="off") as bare_port,
    ):
        paths = await fill_pages(app, tmp_path)
        for look, options in LOOKS.items():
            async with browse(**options) as watched:
                for name, path in paths.items():
                    for prefix, at in (("crm-", port), ("crm-empty-", bare_port)):
                        if prefix == "crm-empty-" and (path.count("/") > 2 or not look.startswith("wide-l")):
                            continue
                        page = await watched.open(f"http://localhost:{at}{path}")
                        await page.screenshot(path=folder / f"{prefix}{name}-{look}.png", full_page=True)
                        await page.close()
