"""The projections of an open application: what is asked of them at run time."""

from collections.abc import Callable
from datetime import timedelta

from headrace.db.connection import Pool
from headrace.events.wait import wait_for
from headrace.projections import store
from headrace.projections.build import Build


class Projections:
    """`app.projections`: waits for read models, and tells of their builds."""

    def __init__(self, *, pool: Callable[[], Pool]) -> None:
        self._pool = pool

    async def wait_for(self, name: str, position: int, *, timeout: timedelta = timedelta(seconds=5)) -> None:
        """Returns once what the views of a projection show has every event up to a position.

        That of an event is what `Transaction.last_position` has after the block. Raises ProjectionNotFoundError,
        and NotCaughtUpError after `timeout`.
        """
        async with self._pool().acquire() as connection:
            build = await store.live_build(connection, name)
        # A build is never shown before it is as far as the one before it, so this one's being past is enough.
        await wait_for(self._pool(), build.name, position, timeout=timeout)

    async def builds(self, name: str | None = None) -> list[Build]:
        """The builds of a projection, or of all, in order, those that are gone included."""
        async with self._pool().acquire() as connection:
            return await store.list_builds(connection, name)
