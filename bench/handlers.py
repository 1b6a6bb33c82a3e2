"""Apps with one handler of events, which writes down when it was called to the file that BENCH_STAMPS names."""

import os
from collections.abc import Sequence

from bench.app import Happened
from bench.stamps import STAMPS, Stamps
from headrace import Headrace, Job, StoredEvent, Transaction


def make_job_app(dsn: str | None = None) -> Headrace:
    app, stamps = _app(dsn), Stamps(os.environ[STAMPS])

    @app.on(Happened, mode="job", name="stamp")
    async def stamp(event: StoredEvent, job: Job) -> None:
        del job
        stamps.add([event.data.number])

    return app


def make_ordered_app(dsn: str | None = None) -> Headrace:
    app, stamps = _app(dsn), Stamps(os.environ[STAMPS])

    @app.on(Happened, mode="ordered", name="stamp")
    async def stamp(events: Sequence[StoredEvent], tx: Transaction) -> None:
        del tx
        stamps.add([event.data.number for event in events])

    return app


def make_live_app(dsn: str | None = None) -> Headrace:
    app, stamps = _app(dsn), Stamps(os.environ[STAMPS])

    @app.on(Happened, mode="live", name="stamp")
    async def stamp(event: StoredEvent) -> None:
        stamps.add([event.data.number])

    return app


def make_sync_app(dsn: str | None, stamps: Stamps) -> Headrace:
    """The handler runs where the event is appended: there is no other process."""
    app = _app(dsn)

    @app.on(Happened, mode="sync", name="stamp")
    async def stamp(event: StoredEvent, tx: Transaction) -> None:
        del tx
        stamps.add([event.data.number])

    return app


def _app(dsn: str | None) -> Headrace:
    app = Headrace(dsn, name="bench", say=lambda _: None)
    app.register(Happened)
    return app
