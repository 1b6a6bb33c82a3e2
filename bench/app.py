"""The app whose jobs and events are measured."""

import time

import msgspec

from headrace import Headrace, Job, event


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


def make_app(dsn: str | None = None) -> Headrace:
    """An app with a kind that does nothing and one that tells when it was started."""
    app = Headrace(dsn, name="bench", say=lambda _: None)
    app.register(Happened)

    @app.job("idle-errand")
    async def idle_errand(args: Errand, job: Job) -> None:
        del args, job

    @app.job("stamp-errand")
    async def stamp_errand(args: Errand) -> int:
        del args
        return time.monotonic_ns()

    return app
