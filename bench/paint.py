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
_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_SENT = """() => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0].startTime;
    const [page] = performance.getEntriesByType("navigation");
    const others = performance.getEntriesByType("resource");
    return {
        firstPaint: paint,
        size: page.decodedBodySize / 1024,
        sent: page.encodedBodySize / 1024,
        before: others.filter((one) => one.startTime < paint).length,
        blocking: others.filter((one) => one.renderBlockingStatus === "blocking" && one.transferSize).length,
    };
}"""
FIRST_PAINT = "first paint, ms"
WORD_PAINT = "first paint of a word, ms"
_WORD = "/-word"


def browser() -> str | None:
    """The browser of this machine, or what HEADRACE_CHROMIUM names; None where there is none."""
    return os.environ.get("HEADRACE_CHROMIUM") or next(filter(None, map(shutil.which, _PROGRAMS)), None)


async def first_paints(
    asgi: Any, paths: Sequence[str], *, program: str, times: int
) -> Mapping[str, Mapping[str, float]]:
    """What it takes until the first content of each path is on the screen: by figure, by path; medians of `times`.

    The milliseconds from the navigation on and those its thread worked, the KiB of the page and of it over the wire,
    how many other files it asked for until then, and how many of those it waited for were not in its cache. Each time
    in a tab of its own; the browser knows style and scripts by then, as it does from the second page on. Before
    each path a tab shows a page of one word, without style and scripts: what the machine takes for any page.
    """
    from playwright.async_api import async_playwright  # noqa: PLC0415 - only where there is a browser

    found: dict[str, dict[str, float]] = {}
    async with _served(asgi) as port, async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        context = await chromium.new_context(viewport={"width": 1280, "height": 800})
        for path in (paths[0], *paths):  # the first one twice: it fills the browser's cache
            word = await _first_paint(context, f"http://localhost:{port}{_WORD}")
            taken = [await _first_paint(context, f"http://localhost:{port}{path}") for _ in range(times)]
            found.setdefault(WORD_PAINT, {})[path] = word[FIRST_PAINT]
            for figure in taken[0]:
                found.setdefault(figure, {})[path] = median(one[figure] for one in taken)
        await chromium.close()
    return found


async def _first_paint(context: Any, address: str) -> dict[str, float]:
    page = await context.new_page()
    tools = await context.new_cdp_session(page)
    await tools.send("Performance.enable", {"timeDomain": "threadTicks"})
    await page.goto(address, wait_until="commit")
    await page.wait_for_function(_PAINT)
    metrics = (await tools.send("Performance.getMetrics"))["metrics"]
    sent = await page.evaluate(_SENT)
    await page.close()
    return {
        FIRST_PAINT: sent["firstPaint"],
        "browser's thread, ms": 1000 * next(one["value"] for one in metrics if one["name"] == "TaskDuration"),
        "page, KiB": sent["size"],
        "page over the wire, KiB": sent["sent"],
        "files asked for before": sent["before"],
        "files waited for": sent["blocking"],
    }


@asynccontextmanager
async def _served(asgi: Any) -> AsyncGenerator[int]:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(_with_a_word(asgi), log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    )
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        yield sock.getsockname()[1]  # connections wait in the socket until the server has started
    finally:
        server.should_exit = True
        await serving
        sock.close()


def _with_a_word(asgi: Any) -> Any:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path") != _WORD:
            await asgi(scope, receive, send)
            return
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html; charset=utf-8")]}
        )
        await send({"type": "http.response.body", "body": b"<!doctype html><title>Word</title><p>Word</p>"})

    return answer
