"""What a soak gives its workers to do: batches of every kind, for as long as it lasts, through every outage."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg

from headrace import ConfigurationError, Headrace, ProjectionNotFoundError, Unique
from headrace.projections import operate

GONE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
KINDS = (
    "plain",
    "thread",
    "apart",
    "fragile",
    "flaky",
    "sleepy",
    "discarded",
    "exhausted",
    "write",
    "parent",
    "child",
    "part",
    "debounced",
    "metered",
    "tick",
)
Feed = Callable[[Headrace, random.Random], Awaitable[int]]


async def loose(app: Headrace, chance: random.Random) -> int:
    """Jobs that have nothing to do with each other, in all priorities, some of them for later."""
    async with app.transaction() as tx:
        for kind in ("plain", "thread", "write"):
            await tx.enqueue_many(kind, list(range(10)), priority=chance.choice(("critical", "high", "normal", "low")))
        for kind in ("flaky", "sleepy", "discarded", "exhausted"):
            await tx.enqueue_many(kind, [None] * 2, delay=timedelta(seconds=chance.choice((0, 0, 1))))
    return 38


async def apart(app: Headrace, _: random.Random) -> int:
    """Work for child processes, one of which dies of it."""
    async with app.transaction() as tx:
        await tx.enqueue_many("apart", list(range(8)))
        await tx.enqueue("fragile")
    return 9


async def family(app: Headrace, _: random.Random) -> int:
    await app.enqueue("parent", 10)
    return 11


async def flow(app: Headrace, chance: random.Random) -> int:
    """A graph of twelve jobs; each waits for up to three earlier ones."""
    graph = app.flow()
    for number in range(12):
        before = chance.sample(range(number), min(number, chance.randrange(4)))
        graph.add(str(number), "part", number, depends_on=[str(one) for one in before])
    await graph.enqueue()
    return 12


async def debounced(app: Headrace, chance: random.Random) -> int:
    """The same few keys again and again, each pushed back for at most two seconds."""
    for _ in range(6):
        unique = Unique(
            f"key-{chance.randrange(3)}", scope="waiting", on_conflict="debounce", max_wait=timedelta(seconds=2)
        )
        await app.enqueue("debounced", 0, unique=unique, delay=timedelta(milliseconds=500))
    return 6


async def metered(app: Headrace, chance: random.Random) -> int:
    """Work under limits, and a look whether they hold: three at a time for each of four keys."""
    async with app.transaction() as tx:
        for _ in range(12):
            lane = chance.randrange(4)
            await tx.enqueue("metered", {"lane": lane}, limit_key=f"meter:{lane}")
    async with app.pool.acquire() as connection:
        over = await connection.fetch(
            "SELECT limit_key, count(*) FROM headrace.run WHERE state = 'processing' AND limit_key IS NOT NULL"
            " GROUP BY 1 HAVING count(*) > 3"
        )
    assert over == [], "more jobs of a key are running than its limit lets"
    return 12


async def rebuild(app: Headrace, chance: random.Random) -> int:
    """Now and then the read model is made anew, once what was kept of it is dropped."""
    if chance.random() < 0.6:
        return 0
    try:
        for build in await app.projections.builds("soaked"):
            if build.state == "kept":
                async with app.transaction() as tx:
                    await operate.drop(tx.connection, "soaked", build.build)
        await app.projections.rebuild("soaked")
    except (ConfigurationError, ProjectionNotFoundError):
        return 0  # one is being made, or none has begun
    return 1


FEEDS: tuple[Feed, ...] = (loose, apart, family, flow, debounced, metered, rebuild)


async def feed(app: Headrace, chance: random.Random, *, until: asyncio.Event, pace: float) -> Counter[str]:
    """Gives work in turn, a batch every `pace` seconds; the jobs of each feed that were certainly stored."""
    given: Counter[str] = Counter()
    while not until.is_set():
        for one in FEEDS:
            try:
                given[one.__name__] += await one(app, chance)
            except GONE:
                given["cut off"] += 1
            await asyncio.sleep(pace)
    return given
