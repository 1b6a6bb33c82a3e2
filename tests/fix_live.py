"""What tests of live events share: a broadcaster that hurries, and viewers that keep what they see."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from fix_apps import Records, eventually
from fix_events import known_events
from headrace.db.listener import Listener
from headrace.events.live.broadcaster import Broadcaster
from headrace.events.live.filter import EVERYTHING, LiveFilter
from headrace.events.live.live_events import LiveEvents
from headrace.events.live.viewer import Viewer
from headrace.telemetry import Telemetry

QUICK = {"idle": timedelta(milliseconds=20), "pace": timedelta(0)}


class Watcher:
    """Iterates over live events in a task of its own, and keeps their positions."""

    def __init__(self, live: LiveEvents) -> None:
        self.live = live
        self.positions: list[int] = []
        self.held = asyncio.Event()
        self.held.set()
        self.task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        async for event in self.live:
            self.positions.append(event.position)
            await self.held.wait()

    async def sees(self, *positions: int) -> None:
        """Returns once it has seen exactly these, in this order."""
        await eventually(lambda: self.task.done() or len(self.positions) >= len(positions), what=f"{positions}")
        if self.task.done():
            self.task.result()
        assert self.positions == list(positions)


class LiveStage:
    """A broadcaster on the test's database, and who watches."""

    def __init__(self, broadcaster: Broadcaster, records: Records) -> None:
        self.broadcaster = broadcaster
        self.records = records
        self.watchers: list[Watcher] = []

    def live(self, wanted: LiveFilter = EVERYTHING, *, after: int | None = None, buffer: int = 1000) -> LiveEvents:
        return LiveEvents(self.broadcaster, Viewer(wanted, after=after, buffer=buffer))

    async def watch(self, wanted: LiveFilter = EVERYTHING, *, after: int | None = None, buffer: int = 1000) -> Watcher:
        """One who watches from a position, or from now on: whatever is written after this call."""
        live = self.live(wanted, after=after, buffer=buffer)
        await live.__aenter__()
        self.watchers.append(watcher := Watcher(live))
        return watcher


@asynccontextmanager
async def live_stage(pool, **options) -> AsyncIterator[LiveStage]:
    records = Records()
    telemetry = Telemetry(records.append)
    listener = Listener(pool, telemetry=telemetry)
    broadcaster = Broadcaster(pool, known_events(), listener=listener, telemetry=telemetry, **{**QUICK, **options})
    stage = LiveStage(broadcaster, records)
    yield stage
    await broadcaster.stop()
    await listener.stop()
    for watcher in stage.watchers:
        watcher.held.set()
        await asyncio.wait({watcher.task})


@pytest.fixture
async def live(pool) -> AsyncIterator[LiveStage]:
    async with live_stage(pool) as stage:
        yield stage
