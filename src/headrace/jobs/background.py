"""Work that goes on after its caller has gone: what is done to many jobs, which may take minutes."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from headrace.telemetry import Telemetry


class Background:
    """Tasks of this process. What one raises is told; those at work when the app closes can be resumed."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], *, name: str) -> None:
        """Begins it."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Interrupts what is at work."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._telemetry.emit(
                "service.error",
                level=logging.WARNING,
                error=error,
                service=task.get_name(),
                failures=1,
                reason=repr(error),
                retry_in=None,
            )
