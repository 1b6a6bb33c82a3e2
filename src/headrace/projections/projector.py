"""The projector: keeps the builds of one projection up to date, and begins those that a new version needs."""

import logging
from datetime import timedelta

from headrace.clock import Clock
from headrace.db.connection import Pool
from headrace.events.lookout import Lookout
from headrace.events.schema import EventRegistry
from headrace.projections import store
from headrace.projections.build import FOLLOWED, Build, wants_new_build
from headrace.projections.build_consumer import LEAST_WINDOW, BuildConsumer
from headrace.projections.declaration import Declaration
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry


class Projector(Service):
    """Follows the log with every build of one version that serves or may serve; any number of processes may run it.

    What is filling is left to the `Rebuilder`, so that a rebuild never stands before an event that a reader waits for.
    `is_newest` says that the program declares no higher version.
    """

    def __init__(
        self,
        pool: Pool,
        registry: EventRegistry,
        declaration: Declaration,
        *,
        is_newest: bool,
        telemetry: Telemetry,
        clock: Clock,
        idle: timedelta = timedelta(seconds=1),
        skip_interval: timedelta = timedelta(milliseconds=250),
        lookout: Lookout | None = None,
    ) -> None:
        super().__init__(
            f"projector-{declaration.name}-{declaration.version}", telemetry=telemetry, idle=idle, is_in_step=True
        )
        self.declaration = declaration
        self._is_newest = is_newest
        self._pool = pool
        self._registry = registry
        self._clock = clock
        self._skip_interval = skip_interval
        self._lookout = lookout
        self._consumers: dict[int, BuildConsumer] = {}

    async def run_once(self) -> timedelta | None:
        rests = [await self._consumer(build).run_once() for build in await self.begin()]
        if AGAIN in rests:
            return AGAIN
        return min((rest for rest in rests if rest is not None), default=None)

    async def begin(self) -> list[Build]:
        """Begins what this version needs, where it is not there yet; the builds to keep up to date."""
        builds = await store.look_for_builds(self._pool, self.declaration.name)
        if wants_new_build(builds, self.declaration.version, is_newest=self._is_newest) is not None:
            async with self._pool.acquire() as connection:
                async with connection.transaction():
                    begun = await store.begin_declared(connection, self.declaration, is_newest=self._is_newest)
                if begun is not None:
                    self.telemetry.emit(
                        "projection.began",
                        level=logging.INFO,
                        projection=begun.projection,
                        build=begun.build,
                        version=begun.version,
                        state=begun.state,
                    )
                builds = await store.list_builds(connection, self.declaration.name)
        mine = [one for one in builds if one.version == self.declaration.version and one.state in FOLLOWED]
        self._consumers = {one.build: self._consumer(one) for one in mine}
        return mine

    def _consumer(self, build: Build) -> BuildConsumer:
        known = self._consumers.get(build.build)
        if known is not None:
            return known
        bound = self.declaration
        is_spanning = bound.fold.bind(self._registry, bound.subscription(build.build)).apply_span is not None
        return BuildConsumer(
            self._pool,
            self._registry,
            bound,
            build,
            size=LEAST_WINDOW if is_spanning else bound.batch_size,
            telemetry=self.telemetry,
            clock=self._clock,
            skip_interval=self._skip_interval,
            lookout=self._lookout,
        )
