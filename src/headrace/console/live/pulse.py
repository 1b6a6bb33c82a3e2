"""`Pulse`: one look at the database a tick, told to everybody who watches in this process."""

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta

import msgspec

from headrace.app import Headrace
from headrace.console.live.history import History
from headrace.console.live.look import Look, look
from headrace.console.live.telling import tell, tell_events
from headrace.console.section import Live
from headrace.service import Service

_TICK = timedelta(seconds=1)
_UNWATCHED = timedelta(seconds=10)
_PATIENCE_SECONDS = 5.0
_FRESH = 2
_MOST_LOAD = 25
"""So many times as long as a look took is rested before the next: a slow database is asked less often."""


class Pulse(Service):
    """Looks once a second while anybody watches, else every ten; costs a twenty-fifth of a session at most.

    `lives` look too, each for its section, whose name its values begin with. Each look is put into words once. Who
    watches is sent what has changed since the look before, or everything where a look was missed: nothing is kept for
    anybody, so a slow browser costs no memory.
    """

    def __init__(self, app: Headrace, *, lives: Mapping[str, Live] | None = None) -> None:
        super().__init__("console", telemetry=app.telemetry, idle=_TICK)
        self._app = app
        self._lives = lives or {}
        self.history = History()
        self.values: dict[str, str] = {}
        self.number = 0
        self.watcher_count = 0
        self._last: Look | None = None
        self._changes = b""
        self._everything = b""
        self._looked: asyncio.Future[None] | None = None
        self._is_over = False
        self._fresh_until = 0.0
        self._change_count = self._seen_changes = 0

    def start(self) -> None:
        if self._task is None:
            self._is_over = False
        super().start()

    def spoil(self) -> None:
        """Somebody has just changed something: the next page wants a look after that."""
        self._change_count += 1

    async def current(self) -> Look:
        """The last look, or a new one where that is old. Raises TimeoutError where the database does not answer."""
        self.start()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while (last := self._last) is None or self._is_old():
                self.wake()
                await self._turn()
                if self._is_over:
                    raise TimeoutError("the console stops")
        return last

    def _is_old(self) -> bool:
        return self._seen_changes < self._change_count or time.monotonic() > self._fresh_until

    async def run_once(self) -> timedelta | None:
        if not self._app.is_open:
            return _UNWATCHED
        began = time.monotonic()
        before, change_count = self._last, self._change_count
        async with self._app.pool.acquire() as connection:
            seen = await look(connection, seen_position=None if before is None else before.head.position)
            more = {
                f"{section}.{name}": value
                for section, live in self._lives.items()
                for name, value in (await live(connection)).items()
            }
        self.history.add(seen.at, seen.totals)
        values = {**tell(seen, self.history), **more}
        changed = {name: value for name, value in values.items() if self.values.get(name) != value}
        gone = [name for name in self.values if name not in values]
        events = tell_events(seen.new_events)
        self._seen_changes = change_count
        self._last, self.values, self.number = seen, values, self.number + 1
        self._changes = _frame(self.number, "tick", {"set": changed, "gone": gone, "events": events})
        self._everything = b""
        now = time.monotonic()
        rest = max(_TICK, _MOST_LOAD * timedelta(seconds=now - began))
        self._fresh_until = now + _FRESH * rest.total_seconds()
        self._call()
        return rest if self.watcher_count else max(_UNWATCHED, rest)

    def frame(self, after: int) -> bytes:
        """What brings one up to date who has seen the look of that number: the changes, or everything."""
        if after == self.number - 1:
            return self._changes
        if not self._everything:
            self._everything = _frame(self.number, "snapshot", {"set": self.values})
        return self._everything

    async def beyond(self, number: int, *, seconds: float) -> bool:
        """Waits for a look after that one; False where none came in so many seconds, or it is over."""
        self.start()
        if self.number > number or self._is_over:
            return not self._is_over
        try:
            async with asyncio.timeout(seconds):
                await self._turn()
        except TimeoutError:
            return False
        return not self._is_over

    @property
    def is_over(self) -> bool:
        """Whether the server stops: every stream ends."""
        return self._is_over

    def end(self) -> None:
        """Ends every stream, at once."""
        self._is_over = True
        self._call()

    def begin(self) -> None:
        """Counts one more who watches, and looks at once for the first."""
        self.watcher_count += 1
        self.start()
        if self.watcher_count == 1:
            self.wake()

    def leave(self) -> None:
        """Counts one less."""
        self.watcher_count -= 1

    async def on_stop(self) -> None:
        self.end()

    def _call(self) -> None:
        if self._looked is not None and not self._looked.done():
            self._looked.set_result(None)
        self._looked = None

    async def _turn(self) -> None:
        if self._looked is None:
            self._looked = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._looked)


def _frame(number: int, name: str, content: object) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode(), msgspec.json.encode(content))
