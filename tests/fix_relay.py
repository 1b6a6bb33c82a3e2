"""A broker in memory that fails where a test says so, and the relay that publishes to it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from fix_apps import Records
from headrace.events.subscription import Subscription
from headrace.relay.broker import Message, Place
from headrace.relay.relay import Relay
from headrace.service import AGAIN
from headrace.telemetry import Telemetry


class RefusedError(Exception):
    """What the broker's library raises."""


class MemoryBroker:
    """Keeps what it is given, and demands of the relay what real brokers do.

    `accepts` is how many more messages it takes before it fails, None for all; `hangs` that it confirms nothing.
    """

    stream = "memory"

    def __init__(self) -> None:
        self.entries: list[tuple[int, UUID]] = []
        self.batches: list[list[int]] = []
        self.accepts: int | None = None
        self.is_away = False
        self.hangs = False
        self.is_connected = False
        self.connections = 0

    @property
    def positions(self) -> list[int]:
        return [position for position, _ in self.entries]

    async def connect(self) -> None:
        self.is_connected = False
        if self.is_away:
            raise RefusedError("away")
        self.is_connected = True
        self.connections += 1

    async def newest(self) -> Place | None:
        return Place(*self.entries[-1]) if self.entries else None

    async def publish(self, messages: Sequence[Message]) -> None:
        if not self.is_connected or self.is_away:
            raise RefusedError("not connected")
        if self.hangs:
            await asyncio.Event().wait()
        self.batches.append([message.position for message in messages])
        for message in messages:
            if self.accepts == 0:
                self.is_connected = False
                raise RefusedError("full")
            if self.accepts is not None:
                self.accepts -= 1
            self.entries.append((message.position, message.id))

    async def close(self) -> None:
        self.is_connected = False


class RelayStage:
    """A log, a memory broker, and relays between them."""

    def __init__(self, stage, broker: MemoryBroker) -> None:
        self.stage = stage
        self.pool = stage.pool
        self.broker = broker
        self.records = Records()

    def relay(self, **options) -> Relay:
        chosen = {name: options.pop(name) for name in ("patience", "longest_rest", "skip_interval") if name in options}
        return Relay(
            self.pool,
            Subscription("relay", attempts=None, **options),
            self.broker,
            telemetry=Telemetry(self.records.append),
            **{"skip_interval": timedelta(0), "longest_rest": timedelta(milliseconds=1), **chosen},
        )

    async def checkpoint(self):
        [row] = await self.stage.checkpoints()
        return row


async def drain(relay: Relay) -> None:
    while await relay.run_once() == AGAIN:
        pass


@pytest.fixture
def relaying(stage) -> RelayStage:
    return RelayStage(stage, MemoryBroker())
