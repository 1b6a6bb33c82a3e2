"""The app whose jobs and events are measured."""

import asyncio
import time

import msgspec

from headrace import Headrace, Job, Limit, Rate, event

LINGER_SECONDS = 0.005


class Errand(msgspec.Struct, frozen=True):
    """Args of the size common in practice: some 150 bytes of JSON."""

    number: int
    user: str = "user-0000000000000000"
    note: str = "n" * 90


@event("bench.happened")
class Happened(msgspec.Struct, frozen=True):
    number: int
    user: str = "user-0000000000000000"
    note: str = "n" * 90


def make_app(dsn: str | None = None, *, pool_size: int = 10) -> Headrace:
    """An app with kinds that do nothing, wait a little, or tell when they were started."""
    app = Headrace(dsn, name="bench", pool_size=pool_size, say=lambda _: None)
    app.register(Happened)
    # Stored to be counted; no worker takes them.
    app.declare("kept-errand", args_type=Errand, queue="kept")

    @app.job("idle-errand")
    async def idle_errand(args: Errand, job: Job) -> None:
        del args, job

    @app.job("spare-errand")
    async def spare_errand() -> None:
        """One of those that wait behind the others."""

    @app.job("slow-errand")
    async def slow_errand() -> None:
        await asyncio.sleep(LINGER_SECONDS)

    @app.job("stamp-errand")
    async def stamp_errand(args: Errand) -> int:
        del args
        return time.monotonic_ns()

    return app


NEVER_REACHED = 1_000_000
"""How many at a time, and how many a second, the limits under measurement allow."""


def make_keyed_app(dsn: str | None = None) -> Headrace:
    """An app whose errands are limited by user, to what they never reach."""
    app = Headrace(dsn, name="bench", say=lambda _: None)

    @app.job(
        "idle-errand",
        limit=Limit("bench", key="{user}", concurrency=NEVER_REACHED, rate=Rate(NEVER_REACHED)),
    )
    async def idle_errand(args: Errand, job: Job) -> None:
        del args, job

    return app


def make_queued_app(dsn: str | None = None) -> Headrace:
    """An app whose errands are limited by their queue, to what they never reach."""
    app = Headrace(dsn, name="bench", say=lambda _: None)
    app.limit_queue("default", concurrency=NEVER_REACHED, rate=Rate(NEVER_REACHED))

    @app.job("idle-errand")
    async def idle_errand(args: Errand, job: Job) -> None:
        del args, job

    return app
