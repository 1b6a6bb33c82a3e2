"""When a browser first shows something of a page: Chromium, over HTTP on this machine."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import uvicorn

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_TIMES = 3
_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def browser() -> str | None:
    """The browser of this machine, or what HEADRACE_CHROMIUM names; None where there is none."""
    return os.environ.get("HEADRACE_CHROMIUM") or next(filter(None, map(shutil.which, _PROGRAMS)), None)


async def first_paints(asgi: Any, paths: Sequence[str], *, program: str) -> Mapping[str, float]:
    """Milliseconds from a navigation to the first content on the screen, the median of three times, of each path.

    Each time in a tab of its own; the browser knows style and scripts by then, as it does from the second page on.
    """
    from playwright.async_api import async_playwright  # noqa: PLC0415 - only where there is a browser

    found: dict[str, float] = {}
    async with _served(asgi) as port, async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        context = await chromium.new_context(viewport={"width": 1280, "height": 800})
        for path in (paths[0], *paths):  # the first one twice: it fills the browser's cache
            taken: list[float] = []
            for _ in range(_TIMES):
                page = await context.new_page()
                await page.goto(f"http://localhost:{port}{path}", wait_until="domcontentloaded")
                await page.wait_for_function(_PAINT)
                taken.append(await page.evaluate(_PAINT))
                await page.close()
            found[path] = median(taken)
        await chromium.close()
    return found


@asynccontextmanager
async def _served(asgi: Any) -> AsyncGenerator[int]:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(asgi, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        yield sock.getsockname()[1]  # connections wait in the socket until the server has started
    finally:
        server.should_exit = True
        await serving
        sock.close()
