"""Waits until no build of a projection is being made or about to be shown."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from headrace.db.connection import Pool
from headrace.projections.survey import BuildDetail, list_details

_LOOK_SECONDS = 0.5

OnLook = Callable[[Sequence[BuildDetail]], None]
"""Is told the builds that are still waited for, at each look that finds some."""


def settling(builds: Sequence[BuildDetail]) -> list[BuildDetail]:
    """Those builds that are being made or about to be shown. One that waits to be asked for is not."""
    return [one for one in builds if one.is_wanted or one.state == "filling" or _is_about_to_serve(one)]


async def wait_until_settled(
    pool: Pool, projection: str, *, patience: timedelta, on_look: OnLook | None = None
) -> list[BuildDetail]:
    """The builds of a projection once none is `settling`, or as they are when patience is over.

    Looks twice a second, and holds no connection between. Raises ProjectionNotFoundError.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + patience.total_seconds()
    while True:
        async with pool.acquire() as connection:
            found = await list_details(connection, projection)
        busy = settling(found)
        left = ends - loop.time()
        if not busy or left <= 0:
            return found
        if on_look is not None:
            on_look(busy)
        await asyncio.sleep(min(_LOOK_SECONDS, left))


def _is_about_to_serve(one: BuildDetail) -> bool:
    return one.state == "ready" and (one.swaps_itself or one.verified_at is None)
