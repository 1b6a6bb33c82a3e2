"""An app open on a test's database."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from headrace.app import Headrace
from headrace.clock import Clock


@asynccontextmanager
async def opened(
    app: Headrace | Callable[[], Headrace], dsn: str, *, clock: Clock | None = None
) -> AsyncGenerator[Headrace]:
    """The app (or the one a function makes) open on the database of `dsn`, and on another clock where one is given.

    The schema is brought up to date, schedules that the code declares are stored, and handlers of events
    with start="now" begin here, as if a worker had been started. Raises ConfigurationError where the
    app is open already, or a schedule cannot run.
    """
    chosen = app if isinstance(app, Headrace) else app()
    before = chosen.clock
    chosen.use(dsn, clock=clock)
    try:
        async with chosen:
            async with chosen.stepper():
                pass
            yield chosen
    finally:
        chosen.clock = before
