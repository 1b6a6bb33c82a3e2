"""Calls the handler of a job where it belongs: on the event loop, in a thread or in a child process."""

from collections.abc import Awaitable
from functools import partial
from typing import Any

from headrace.jobs.attempt import Attempt
from headrace.jobs.processes.pool import ProcessPool
from headrace.jobs.registry import Kind
from headrace.jobs.threads import Threads


class Invoker:
    """Calls handlers, inside their middleware and their timeout.

    A coroutine is interrupted by cancelling its task, a child process is killed. A thread can be neither: a
    plain function hears of it by its next call of its job, and the attempt lasts until it has really ended.
    """

    def __init__(self, *, threads: Threads, processes: ProcessPool) -> None:
        self._threads = threads
        self._processes = processes

    def call(self, kind: Kind, raw: str, attempt: Attempt) -> Awaitable[Any]:
        """What the handler returns for these args, given as JSON text. Raises what it raises.

        Where nothing is around a coroutine it is returned as it is: measured, each coroutine around it costs
        a twentieth of what a job that does nothing costs.
        """
        if kind.timeout is not None and not kind.in_process:
            attempt.limit(kind.timeout)
        if kind.middleware.surrounds_attempts:
            return kind.middleware.around_attempt(attempt.job, partial(self._invoke, kind, raw, attempt))
        if kind.is_async and kind.handler is not None:
            return kind.handler(*[attempt.job if name == "job" else kind.decode(raw) for name in kind.passes])
        return self._invoke(kind, raw, attempt)

    async def close(self) -> None:
        """Ends the child processes and the idle threads; what runs in a thread goes on."""
        self._threads.close()
        await self._processes.close()

    async def _invoke(self, kind: Kind, raw: str, attempt: Attempt) -> Any:
        if kind.in_process:
            return await self._processes.run(kind, raw, attempt)
        handler = kind.handler
        assert handler is not None  # noqa: S101 - only handled kinds are claimed
        job = attempt.job
        passed = [job if name == "job" else kind.decode(raw) for name in kind.passes]
        if kind.is_async:
            return await handler(*passed)
        attempt.stop = job.interrupt
        try:
            return await self._threads.call(handler, *passed)
        finally:
            attempt.stop = None
