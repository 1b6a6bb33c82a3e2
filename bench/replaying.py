"""A process that lets a handler meet the whole log again: `python -m bench.replaying DSN replay|rehearse|read`.

Prints the events it met, the seconds that took, and the most memory it had before and after, in kilobytes.
"""

import asyncio
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence

from bench.app import Happened
from headrace import Headrace, StoredEvent, Transaction
from headrace.db.statements import statement

_HANDLER = "tally"
_LOOK_SECONDS = 0.02


def make_tally_app(dsn: str) -> Headrace:
    """Its handler keeps ten rows for each thousand events.

    New ones: a dry run is one transaction, and a row that it writes again and again is found more slowly each time.
    """
    app = Headrace(dsn, name="bench", say=lambda _: None)
    app.register(Happened)

    @app.on(Happened, mode="ordered", name=_HANDLER, start="now", batch_size=1_000)
    async def tally(events: Sequence[StoredEvent], tx: Transaction) -> None:
        counts = Counter(one.stream.aggregate_id[-1] for one in events if one.stream is not None)
        keys = sorted(counts)
        await tx.execute(
            statement("bench", "add_tally"),
            [f"{events[0].position}-{key}" for key in keys],
            [counts[key] for key in keys],
        )

    return app


async def replay(app: Headrace) -> int:
    """A replay job in a worker."""
    async with app.process():
        begun = await app.replays.begin(_HANDLER)
        while (shown := await app.replays.show(begun.id)).ended_at is None:
            if shown.last_error is not None:
                raise RuntimeError(f"the replay failed: {shown.last_error}")
            await asyncio.sleep(_LOOK_SECONDS)
    return shown.event_count


async def rehearse(app: Headrace) -> int:
    """A dry run, with all that it tells of changed rows."""
    return (await app.replays.rehearse(_HANDLER)).event_count


async def read(app: Headrace) -> int:
    """Nothing but reading."""
    count = 0
    async for one in app.read():
        count += isinstance(one.data, Happened)
    return count


WAYS = {"replay": replay, "rehearse": rehearse, "read": read}


def peak_kb() -> int:
    """The most memory this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


async def main(dsn: str, way: str) -> None:
    async with make_tally_app(dsn) as app:
        before_kb, started = peak_kb(), time.perf_counter()
        count = await WAYS[way](app)
        print(count, time.perf_counter() - started, before_kb, peak_kb())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
