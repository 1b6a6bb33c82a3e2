"""Whoever watches whatever from wherever sees each event that fits once, in order, however it comes and goes."""

import asyncio
import random
from datetime import timedelta

import pytest

from fix_events import ContactCreated, ContactRenamed, NoteTaken, new
from fix_live import live_stage
from headrace.errors import ViewerDroppedError
from headrace.events.event import Stream
from headrace.events.head import Head
from headrace.events.live.filter import EVERYTHING, LiveFilter
from headrace.events.read import head_position
from headrace.events.store import append
from headrace.telemetry import Telemetry

_EVENTS = 400
_WRITERS = 4
_VIEWERS = 25
_FILTERS = (
    EVERYTHING,
    LiveFilter(types=frozenset({"note.taken"})),
    LiveFilter(types=frozenset({"contact.created", "contact.renamed"})),
    LiveFilter(stream=Stream("contact", "1")),
)


async def write(pool, chance: random.Random) -> None:
    """Transactions of a few events, some slow to commit, some rolled back."""
    written = 0
    while written < _EVENTS // _WRITERS:
        events = [
            chance.choice(
                (
                    new(NoteTaken("n")),
                    new(ContactCreated("Ada"), stream=str(chance.randrange(3))),
                    new(ContactRenamed("Bo"), stream=str(chance.randrange(3))),
                )
            )
            for _ in range(chance.randrange(1, 6))
        ]
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await append(connection, events)
            await asyncio.sleep(chance.choice((0, 0, 0.01)))
            if chance.random() < 0.2:
                await transaction.rollback()
                continue
            await transaction.commit()
        written += len(events)


async def watch(live, wanted: LiveFilter, chance: random.Random, seen: list[int], ended: asyncio.Event) -> None:
    """Watches from a position on; leaves and comes back now and then, and whenever it was dropped."""
    seen.append(chance.choice((0, 0, chance.randrange(50))))
    after = seen[0]
    while not ended.is_set():
        live_events = live.live(wanted, after=after, buffer=chance.choice((1, 4, 1000)))
        try:
            async with live_events:
                async for event in live_events:
                    seen.append(event.position)
                    if chance.random() < 0.1:
                        await asyncio.sleep(chance.choice((0, 0.02)))
                    if chance.random() < 0.02:
                        after = live_events.position
                        break
                else:
                    return
        except ViewerDroppedError as dropped:
            after = dropped.position


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("page", "recent"), [(3, 2), (50, 1), (500, 1000)])
async def test_every_viewer_sees_every_event_that_fits_once_and_in_order(pool, connection, page, recent):
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    head = Head(pool, telemetry=Telemetry(), pace=timedelta(0), idle=timedelta(milliseconds=20))
    head.start()
    ended = asyncio.Event()
    async with live_stage(pool, page=page, recent=recent) as live:
        views = [(chance.choice(_FILTERS), list[int]()) for _ in range(_VIEWERS)]
        watching = [
            asyncio.create_task(watch(live, wanted, random.Random(seed + number), seen, ended))
            for number, (wanted, seen) in enumerate(views)
        ]
        await asyncio.gather(*(write(pool, random.Random(seed - number)) for number in range(1, _WRITERS + 1)))
        rows = await connection.fetch("SELECT position, type, aggregate_id FROM headrace.event ORDER BY position")
        expected = [_expected(rows, wanted, seen[0]) for wanted, seen in views]
        async with asyncio.timeout(20):
            while [seen[1:] for _, seen in views] != expected:
                await asyncio.sleep(0.02)
                for (_, seen), whole in zip(views, expected, strict=True):
                    assert seen[1:] == whole[: len(seen) - 1], f"seed {seed}"
        ended.set()
    await asyncio.gather(*watching)
    assert await head_position(pool) == rows[-1]["position"]
    await head.stop()


def _expected(rows, wanted: LiveFilter, after: int) -> list[int]:
    return [
        row["position"]
        for row in rows
        if row["position"] > after
        and (wanted.types is None or row["type"] in wanted.types)
        and (wanted.stream is None or row["aggregate_id"] == wanted.stream.aggregate_id)
    ]
