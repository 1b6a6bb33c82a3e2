"""`headrace top`: what goes on, live in the terminal."""

import asyncio
import signal
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from headrace.app import Headrace
from headrace.cli.session import Choice, opened
from headrace.cli.top_view import render
from headrace.db.pool import CONNECTION_ERRORS
from headrace.doctor.overview import Inserted, look, pace
from headrace.terminal import run

_WIDTH_OF_A_FILE = 140


def top(
    context: typer.Context,
    *,
    interval: Annotated[float, typer.Option(min=0.2, max=3600, help="Seconds between two looks.")] = 2.0,
    once: Annotated[
        bool, typer.Option("--once", help="Look once, print it and end; so it is without a terminal too.")
    ] = False,
) -> None:
    """Shows queues, running jobs, workers and subscriptions, and what needs somebody, until Ctrl-C."""
    console = Console()
    if once or not console.is_terminal:
        run(_once(context.obj))
    else:
        run(_live(context.obj, console, interval))


async def _once(choice: Choice) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_OF_A_FILE)
    async with opened(choice) as app, app.pool.acquire() as connection:
        console.print(render(app.name, await look(connection, now=app.clock.override()), None))


async def _live(choice: Choice, console: Console, interval: float) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    before: Inserted | None = None
    async with opened(choice) as app:
        with Live(console=console, screen=True, auto_refresh=False) as screen:
            while not stopping.is_set():
                before = await _show(app, screen, before)
                try:
                    async with asyncio.timeout(interval):
                        await stopping.wait()
                except TimeoutError:
                    continue


async def _show(app: Headrace, screen: Live, before: Inserted | None) -> Inserted | None:
    """One look on the screen; what the next one is compared with. A database that is away is told and asked again."""
    try:
        async with app.pool.acquire() as connection:
            found = await look(connection, now=app.clock.override())
    except CONNECTION_ERRORS as error:
        told = f"the database cannot be reached: {error or type(error).__name__}; asking again"
        screen.update(Text(told), refresh=True)
        return None
    screen.update(render(app.name, found, None if before is None else pace(before, found.inserted)), refresh=True)
    return found.inserted
