"""Waiting for workers to finish something, as long as there are any."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from headrace_crm.cli.workers import WorkerProcesses

_LOOK_AGAIN_SECONDS: Final = 0.1
_LOOKS_A_CHECK: Final = 10


async def wait_until(
    is_done: Callable[[], Awaitable[bool]], *, workers: WorkerProcesses, check: Callable[[], Awaitable[None]]
) -> None:
    """Returns once `is_done` says so; `check`, asked once a second, raises where waiting is in vain.

    Raises WorkersLostError where nobody is left to do the work.
    """
    looks = 0
    while not await is_done():
        await workers.require_one()
        if looks % _LOOKS_A_CHECK == 0:
            await check()
        looks += 1
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
