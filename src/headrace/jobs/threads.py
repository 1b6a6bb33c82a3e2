"""Threads for plain functions: made as they are needed, used again, and no reason for a process to live on."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from itertools import count
from queue import SimpleQueue
from threading import Thread
from typing import Any

_Call = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class Threads:
    """Calls plain functions in daemon threads, each call in a copy of the caller's context.

    There is always a thread for a call: callers bound how many run at a time. The threads of
    `concurrent.futures` will not do: an interpreter waits for them before it exits, also for one that
    never ends.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._numbers = count()
        self._idle: list[SimpleQueue[_Call | None]] = []
        self._is_closed = False

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """What the function returns; raises what it raises. Cancelling the wait does not end the call."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        inbox = self._idle.pop() if self._idle else self._begin(loop)
        inbox.put((partial(copy_context().run, function, *args), future))
        return await future

    def close(self) -> None:
        """Ends the idle threads; the others end after their calls."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().put(None)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> "SimpleQueue[_Call | None]":
        inbox: SimpleQueue[_Call | None] = SimpleQueue()
        name = f"{self._name}-{next(self._numbers)}"
        Thread(target=self._work, args=(inbox, loop), name=name, daemon=True).start()
        return inbox

    def _work(self, inbox: "SimpleQueue[_Call | None]", loop: asyncio.AbstractEventLoop) -> None:
        while (taken := inbox.get()) is not None:
            call, future = taken
            result, error = None, None
            try:
                result = call()
            except BaseException as raised:  # noqa: BLE001 - whatever it is belongs to the caller
                error = raised
            if isinstance(error, StopIteration):
                # No future can carry it: the one awaited would never be done.
                cause, error = error, RuntimeError("the function raised StopIteration")
                error.__cause__ = cause
            try:
                loop.call_soon_threadsafe(self._done, inbox, future, result, error)
            except RuntimeError:
                return  # the loop is closed: nobody waits any more
            del taken, call, future, result, error  # an idle thread holds nothing

    def _done(
        self,
        inbox: "SimpleQueue[_Call | None]",
        future: "asyncio.Future[Any]",
        result: Any,
        error: BaseException | None,
    ) -> None:
        if self._is_closed:
            inbox.put(None)
        else:
            self._idle.append(inbox)
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
