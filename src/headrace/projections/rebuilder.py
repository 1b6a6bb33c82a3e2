"""The rebuilder: fills a build of a projection beside the one that serves, verifies it, and lets it be shown."""

import asyncio
import logging
from datetime import timedelta

import msgspec

from headrace.clock import Clock
from headrace.db.connection import Connection
from headrace.db.pool import ConnectionPool
from headrace.db.statements import statement
from headrace.events.checkpoint import caught_up_to
from headrace.events.read import head_position
from headrace.events.schema import EventRegistry
from headrace.projections import store
from headrace.projections.build import Build
from headrace.projections.build_consumer import BuildConsumer
from headrace.projections.declaration import Declaration
from headrace.projections.governor import Pace, next_pace
from headrace.projections.swap import swap
from headrace.projections.verify import verify
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

_PACKAGE = "headrace.projections"

_NEAR = 1000
"""Positions behind the head at which a build counts as filled."""

_FIRST_SIZE = 1000
_RETRY = timedelta(milliseconds=300)


class Rebuilder(Service):
    """Takes what is to be done for the builds of one version step by step; any number of processes may run it.

    Everything it knows is in rows: how far a build is stands in its checkpoints, moved with what was folded. One
    that is killed is taken up where its last batch ended. The governor says how large a batch is and how long the
    rest after it, so that live subscriptions keep up.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        registry: EventRegistry,
        declaration: Declaration,
        *,
        telemetry: Telemetry,
        clock: Clock,
        idle: timedelta = timedelta(seconds=1),
    ) -> None:
        super().__init__(
            f"rebuilder-{declaration.name}-{declaration.version}", telemetry=telemetry, idle=idle, is_in_step=True
        )
        self.declaration = declaration
        self._pool = pool
        self._registry = registry
        self._clock = clock
        self._consumers: dict[int, BuildConsumer] = {}
        self._pace = Pace(min(_FIRST_SIZE, declaration.rebuild_size))

    async def run_once(self) -> timedelta | None:
        builds = await store.look_for_builds(self._pool, self.declaration.name)
        mine = [one for one in builds if one.version == self.declaration.version]
        live = next((one for one in builds if one.state == "live"), None)
        for build in mine:
            if build.state == "filling":
                return await self._fill(build)
            if build.state == "ready" and build.verified_at is None:
                return await self._verify(build, live)
            if build.state != "live" and (build.is_wanted or (build.state == "ready" and build.swaps_itself)):
                return await self._swap(build)
        return None

    async def _fill(self, build: Build) -> timedelta | None:
        """One batch of each lane; the rest that the governor wants."""
        consumer = self._consumer(build)
        loop = asyncio.get_running_loop()
        consumer.size_limit = self._pace.size
        started = loop.time()
        rest = await consumer.run_once()
        has_moved = consumer.has_moved or rest == AGAIN
        took = timedelta(seconds=loop.time() - started)
        head = await head_position(self._pool)
        async with self._pool.acquire() as connection:
            reached = await caught_up_to(connection, build.name)
            if reached is None:
                return AGAIN
            # One that stands, since it is paused or rests after a failure, is not near to being filled.
            is_near = head - reached <= (_NEAR if has_moved else 0)
            if is_near and await self._mark_filled(connection, build):
                self.telemetry.emit(
                    "projection.filled",
                    level=logging.INFO,
                    projection=build.projection,
                    build=build.build,
                    position=reached,
                )
                return AGAIN
            behind = timedelta(seconds=await connection.fetchval(statement(_PACKAGE, "live_lag")))
            self._pace = next_pace(self._pace, took=took, behind=behind, most=self.declaration.rebuild_size)
            told = {"size": self._pace.size, "rest_seconds": self._pace.rest.total_seconds()}
            await connection.execute(
                statement(_PACKAGE, "record_pace"),
                build.projection,
                build.build,
                took.total_seconds() if has_moved else 0.0,
                msgspec.json.encode(told).decode(),
            )
        return self._pace.rest if has_moved else rest

    async def _verify(self, build: Build, live: Build | None) -> timedelta | None:
        try:
            verdict = await verify(
                self._pool, self._registry, self.declaration, build, live, consumer_of=self._consumer
            )
        except Exception as error:  # noqa: BLE001 - a reader in the way, or a fold that fails; each is told and kept
            return await self._postpone(build, error)
        facts = msgspec.json.encode(verdict.facts()).decode()
        async with self._pool.acquire() as connection:
            noted = await connection.fetchval(
                statement(_PACKAGE, "mark_verified"), build.projection, build.build, verdict.is_fit, facts
            )
        if noted:
            self.telemetry.emit(
                "projection.verified",
                level=logging.INFO if verdict.is_fit else logging.ERROR,
                projection=build.projection,
                build=build.build,
                is_fit=verdict.is_fit,
                how=verdict.how,
                position=verdict.position,
            )
        return AGAIN

    async def _swap(self, build: Build) -> timedelta | None:
        try:
            swapped = await swap(self._pool, build, consumer_of=self._consumer)
        except Exception as error:  # noqa: BLE001 - a reader in the way, or a fold that fails; each is told and kept
            return await self._postpone(build, error)
        self.telemetry.emit(
            "projection.swapped",
            level=logging.INFO,
            projection=build.projection,
            build=swapped.build,
            before=swapped.before,
            position=swapped.position,
        )
        return AGAIN

    async def _postpone(self, build: Build, error: Exception) -> timedelta:
        """Keeps why it cannot be done just now; it is tried again soon."""
        async with self._pool.acquire() as connection:
            await connection.execute(
                statement(_PACKAGE, "record_error"), build.projection, build.build, str(error) or repr(error)
            )
        self.telemetry.emit(
            "projection.postponed",
            level=logging.INFO,
            projection=build.projection,
            build=build.build,
            reason=repr(error),
        )
        return _RETRY

    async def _mark_filled(self, connection: Connection, build: Build) -> bool:
        return await connection.fetchval(statement(_PACKAGE, "mark_filled"), build.projection, build.build) is True

    def _consumer(self, build: Build) -> BuildConsumer:
        if build.build not in self._consumers:
            self._consumers[build.build] = BuildConsumer(
                self._pool,
                self._registry,
                self.declaration,
                build,
                size=self.declaration.rebuild_size,
                telemetry=self.telemetry,
                clock=self._clock,
                skip_interval=timedelta(0),
            )
        return self._consumers[build.build]
