"""The child processes of one worker: started as they are needed, used again, replaced when they end."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from headrace.jobs.attempt import Attempt
from headrace.jobs.processes.child_process import ChildProcess
from headrace.jobs.processes.ear import Ear
from headrace.jobs.processes.messages import Begin, Raised
from headrace.jobs.processes.raised import unpack_error
from headrace.jobs.registry import Kind
from headrace.telemetry import Telemetry


class ProcessPool:
    """At most `size` children at a time; each is replaced after `attempts_each` attempts, None for never."""

    def __init__(self, *, size: int, telemetry: Telemetry, attempts_each: int | None = None) -> None:
        self._attempts_each = attempts_each
        self._telemetry = telemetry
        self._slots = asyncio.Semaphore(size)
        self._idle: list[ChildProcess] = []
        self._children: set[ChildProcess] = set()

    async def run(self, kind: Kind, raw: str, attempt: Attempt) -> Any:
        """What the handler of an attempt returns in a child; its time begins when the handler does.

        Raises what the handler raises, ChildError for what cannot be brought over, ChildDiedError, and
        Interrupted where the child was killed.
        """
        async with self._slots, self._child() as child:
            attempt.stop = child.stop
            try:
                answer = await child.run(_begin(kind, raw, attempt), on_word=Ear(kind, attempt))
            finally:
                attempt.stop = None
        if isinstance(answer, Raised):
            raise unpack_error(answer)
        return None if answer.result is None else msgspec.json.decode(answer.result)

    async def close(self) -> None:
        """Ends every child."""
        self._idle.clear()
        await asyncio.gather(*map(self._end, list(self._children)))

    @asynccontextmanager
    async def _child(self) -> AsyncGenerator[ChildProcess]:
        child = await self._take() or await self._start()
        try:
            yield child
        finally:
            if child.is_usable and (self._attempts_each is None or child.attempt_count < self._attempts_each):
                self._idle.append(child)
            else:
                await self._end(child)

    async def _take(self) -> ChildProcess | None:
        while self._idle:
            child = self._idle.pop()
            if child.is_usable:
                return child
            await self._end(child)
        return None

    async def _start(self) -> ChildProcess:
        child = await ChildProcess.start()
        self._children.add(child)
        self._telemetry.emit("child.started", pid=child.pid)
        return child

    async def _end(self, child: ChildProcess) -> None:
        await child.close()
        if child in self._children:
            self._children.discard(child)
            self._telemetry.emit("child.ended", pid=child.pid, attempt_count=child.attempt_count)


def _begin(kind: Kind, raw: str, attempt: Attempt) -> Begin:
    job, handler = attempt.job, kind.handler
    assert handler is not None  # noqa: S101 - only handled kinds are claimed
    return Begin(
        module=handler.__module__,
        name=handler.__qualname__,
        args=raw,
        kind=job.kind,
        queue=job.queue,
        priority=int(job.priority),
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        run_at=job.run_at,
        job_id=job.id,
        parent_id=job.parent_id,
        lease=job.claim.lease,
        logs=kind.logs,
        root_level=logging.getLogger().level,
        context=job.context,
        metadata=job.metadata,
    )
