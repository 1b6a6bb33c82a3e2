"""Calls the handler of a job where it belongs: a coroutine on the event loop, a plain function in a thread."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

from headrace.jobs.handle import Job
from headrace.jobs.registry import Kind


class Invoker:
    """Calls handlers, inside their middleware and their timeout.

    A coroutine is interrupted by cancelling it; a thread cannot be, so a plain function runs to its end
    and what it returns after an interruption is dropped.
    """

    def __init__(self, *, concurrency: int) -> None:
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="headrace-job")

    def call(self, kind: Kind, raw: str, job: Job) -> Awaitable[Any]:
        """What the handler returns for these args, given as JSON text. Raises what it raises, and TimeoutError.

        Where nothing is around a coroutine it is returned as it is: measured, each coroutine around it costs
        a twentieth of what a job that does nothing costs.
        """
        passed = [job if name == "job" else kind.decode(raw) for name in kind.passes]
        if kind.timeout is not None or kind.middleware.surrounds_attempts:
            return self._surrounded(kind, passed, job)
        handler = kind.handler
        return handler(*passed) if handler is not None and kind.is_async else self._invoke(kind, passed)

    def close(self) -> None:
        """Starts nothing more; what runs in a thread goes on."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _surrounded(self, kind: Kind, passed: list[Any], job: Job) -> Any:
        limit = asyncio.timeout(None if kind.timeout is None else kind.timeout.total_seconds())
        try:
            async with limit:
                return await kind.middleware.around_attempt(job, partial(self._invoke, kind, passed))
        except TimeoutError as error:
            if limit.expired():
                raise TimeoutError(f"the attempt took longer than its timeout of {kind.timeout}") from error
            raise

    async def _invoke(self, kind: Kind, passed: list[Any]) -> Any:
        handler = kind.handler
        assert handler is not None  # noqa: S101 - only handled kinds are claimed
        if kind.is_async:
            return await handler(*passed)
        context = copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: context.run(_call_plain, handler, passed)
        )


def _call_plain(handler: Callable[..., Any], passed: list[Any]) -> Any:
    try:
        return handler(*passed)
    except StopIteration as error:
        # No future can carry it: the one awaited would never be done.
        raise RuntimeError("the handler raised StopIteration") from error
