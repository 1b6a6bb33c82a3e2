"""Writes a picture of every page to the folder that HEADRACE_SCREENSHOTS names; `make screenshots` does so."""

import os
from pathlib import Path

import pytest

from fix_browser import Browse
from fix_shop import Shop, console_of, make_shop, paths_of
from fix_sse import served

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

LOOKS = {
    "wide-light": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
    "wide-dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    "phone-light": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "phone-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}


async def test_a_picture_of_every_page_is_written(shop: Shop, browse: Browse, empty_database: str):
    folder = Path(os.environ.get("HEADRACE_SCREENSHOTS", "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
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
