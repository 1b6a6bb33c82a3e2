"""Waits until a subscription has passed a position: read your own writes."""

import asyncio
from datetime import timedelta

from headrace.db.connection import Pool
from headrace.errors import HeadraceError
from headrace.events.checkpoint import caught_up_to

_FIRST_REST = 0.02
_LONGEST_REST = 0.2


class NotCaughtUpError(HeadraceError, TimeoutError):
    """A subscription did not pass a position in time; it goes on all the same."""

    def __init__(self, name: str, *, position: int, reached: int | None, timeout: timedelta) -> None:
        where = (
            "it does not exist; is a worker running that has this handler?"
            if reached is None
            else f"it is at {reached}"
        )
        super().__init__(f"subscription {name!r} did not pass position {position} within {timeout}: {where}")
        self.name = name
        self.position = position
        self.reached = reached


async def wait_for(
    pool: Pool,
    name: str,
    position: int,
    *,
    timeout: timedelta = timedelta(seconds=5),
    woken: asyncio.Event | None = None,
) -> None:
    """Returns once every lane of a subscription has passed a position: its effects are then visible.

    Looks after 20 ms, then at growing intervals up to 0.2 s, and whenever `woken` is set (and clears
    it). Raises NotCaughtUpError after `timeout`.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout.total_seconds()
    rest = _FIRST_REST
    while True:
        async with pool.acquire() as connection:
            reached = await caught_up_to(connection, name)
        if reached is not None and reached >= position:
            return
        left = deadline - loop.time()
        if left <= 0:
            raise NotCaughtUpError(name, position=position, reached=reached, timeout=timeout)
        await _rest(min(rest, left), woken)
        rest = min(rest * 1.5, _LONGEST_REST)


async def _rest(seconds: float, woken: asyncio.Event | None) -> None:
    if woken is None:
        await asyncio.sleep(seconds)
        return
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
        woken.clear()
    except TimeoutError:
        return
