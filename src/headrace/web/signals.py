"""Hears the signals that stop a server, beside the server itself."""

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType

Action = Callable[[int, FrameType | None], object]


class StopSignals:
    """Calls back when SIGTERM or SIGINT comes, then whoever had the signal before.

    A server waits for open responses before it tells its application to stop, and those here never end by
    themselves. So while there are any, the signal is heard here first. Does nothing where the signals are not
    handled by anybody, are ignored, or the event loop is not in the main thread.
    """

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._replaced: dict[int, tuple[Action, Action]] = {}

    def begin(self) -> None:
        """Puts itself before the handlers there are; may be called again."""
        if self._replaced or threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)
            if callable(before):
                action = self._before(before, loop)
                signal.signal(number, action)
                self._replaced[number] = action, before

    def end(self) -> None:
        """Gives the signals back, but one that somebody else has taken since."""
        for number, (action, before) in self._replaced.items():
            if signal.getsignal(number) is action:
                signal.signal(number, before)
        self._replaced.clear()

    def _before(self, before: Action, loop: asyncio.AbstractEventLoop) -> Action:
        def action(number: int, frame: FrameType | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._call)
            before(number, frame)

        return action
