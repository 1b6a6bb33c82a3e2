"""A real browser: Chromium of the system, or what HEADRACE_CHROMIUM names. Tests are skipped without one."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def program() -> str:
    """The browser to run; the test is skipped without one."""
    found = os.environ.get("HEADRACE_CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None or not Path(found).exists():
        pytest.skip("no browser here: install Chromium (apt-get install chromium), or name one in HEADRACE_CHROMIUM")
    return found


class Watched:
    """A browser's context, and everything its pages complained about."""

    def __init__(self, context: Any) -> None:
        self.context = context
        self.complaints: list[str] = []

    async def open(self, address: str, *, waits: bool = True) -> Any:
        """A page at an address, once it follows what happens (unless it cannot)."""
        page = await self.context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        await page.goto(address, wait_until="domcontentloaded")
        if waits:
            await is_live(page)
        return page

    def _hear(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.location.get('url')}: {message.text}")


async def is_live(page: Any) -> None:
    """Returns when a page has had its first snapshot."""
    await page.wait_for_selector('html[data-ready="live"]', state="attached", timeout=10_000)


Browse = Callable[..., Any]


@pytest.fixture
async def browse() -> AsyncIterator[Browse]:
    """`async with browse(...) as watched:` opens a browser's context; nothing may be complained of."""
    from playwright.async_api import async_playwright

    path = program()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])

        @asynccontextmanager
        async def context(*, may_complain: bool = False, **options: Any) -> AsyncIterator[Watched]:
            watched = Watched(await browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options}))
            watched.context.set_default_timeout(10_000)
            try:
                yield watched
            finally:
                await watched.context.close()
            assert may_complain or watched.complaints == []

        yield context
        await browser.close()


Shot = Callable[[Any, str], Awaitable[None]]
