"""The broadcaster: one reader of the log in a process, for any number of viewers."""

import asyncio
import logging
import math
from datetime import timedelta

from headrace.db.connection import Pool
from headrace.db.listener import HEAD_CHANNEL, Listener
from headrace.db.statements import statement
from headrace.errors import ConfigurationError
from headrace.events.event import event_type
from headrace.events.event_class import unwanted_class
from headrace.events.live.event import LiveEvent
from headrace.events.live.filter import EVERYTHING, LiveFilter
from headrace.events.live.recent import Recent
from headrace.events.live.viewer import End, Viewer
from headrace.events.read import head_position
from headrace.events.schema import EventRegistry
from headrace.events.sealing import open_rows
from headrace.events.subject import SubjectErased
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

_PACKAGE = "headrace.events.live"
_ERASED = event_type(SubjectErased).name
_WINDOW = 50_000
"""Positions a page of a viewer's own covers at most, so that a statement is short where few events fit."""


class Broadcaster(Service):
    """Reads each event once, as soon as the safe head has passed it, and hands it to all viewers it fits.

    A viewer that asks for what was before reads pages of its own until it gets to what the broadcaster still
    remembers, and joins there: in one step of the event loop, so that nothing comes between. Viewers with equal
    filters are matched once. `page` is how many events are read at a time, `recent` how many are remembered,
    `readers` how many viewers may read pages at a time, `pace` the least time between two hand-outs: what came
    meanwhile goes out together. Without viewers nothing is read.
    """

    def __init__(
        self,
        pool: Pool,
        registry: EventRegistry,
        *,
        listener: Listener,
        telemetry: Telemetry,
        idle: timedelta = timedelta(seconds=1),
        pace: timedelta = timedelta(milliseconds=20),
        page: int = 500,
        recent: int = 1_000,
        readers: int = 2,
    ) -> None:
        super().__init__("broadcaster", telemetry=telemetry, idle=idle)
        if min(page, recent, readers) < 1:
            raise ConfigurationError(f"page, recent and readers must be at least 1, got {page}, {recent}, {readers}")
        self._pool = pool
        self._registry = registry
        self._listener = listener
        self._pace = pace.total_seconds()
        self._page = page
        self._recent = Recent(most=recent)
        self._reading = asyncio.Semaphore(readers)
        self._viewers: set[Viewer] = set()
        self._joined: dict[LiveFilter, set[Viewer]] = {}
        self._position = 0
        self._erasure_count = 0
        self._has_begun = False
        self._last_turn = -math.inf
        self._is_listening = False

    @property
    def viewer_count(self) -> int:
        return len(self._viewers)

    def admit(self, viewer: Viewer) -> None:
        """Lets a viewer in."""
        if not self._is_listening:
            self._listener.subscribe(HEAD_CHANNEL, self.wake)
            self._listener.start()
            self._is_listening = True
        self._viewers.add(viewer)
        self.start()
        if not self._has_begun:
            self.wake()

    def dismiss(self, viewer: Viewer, reason: End = "closed") -> None:
        """Lets a viewer go; one that has gone already may be dismissed again."""
        viewer.finish(reason)
        self._viewers.discard(viewer)
        if not self._viewers:
            # Who comes next begins where the log is by then.
            self._has_begun = False
        self._part(viewer)

    async def place(self, viewer: Viewer, *, seconds: float | None = None) -> bool:
        """Gives a viewer that asked for no position the present one.

        False where the log could not be read for so many seconds, or the viewer has ended.
        """
        while not self._has_begun and viewer.end is None:
            if not await viewer.wait(seconds):
                return False
        if viewer.end is None and viewer.position is None:
            viewer.load((), through=self._position)
        return viewer.end is None

    async def next(self, viewer: Viewer, *, most: int | None = None, seconds: float | None = None) -> list[LiveEvent]:
        """The next events of a viewer, in order; waits for them.

        None where it has ended, or nothing came for so many `seconds`. Raises the driver's errors where the
        viewer reads pages of its own and the server is lost; it may be called again.
        """
        while viewer.end is None:
            if viewer.waiting_count:
                return viewer.take(most)
            if not viewer.is_joined:
                if not await self.place(viewer, seconds=seconds):
                    break
                await self._catch_up(viewer)
            elif not await viewer.wait(seconds):
                # Nothing that fits was among what has been handed out since.
                viewer.load((), through=self._position)
                break
        return []

    async def run_once(self) -> timedelta | None:
        if not self._viewers:
            return None
        loop = asyncio.get_running_loop()
        # Slept here and not in the loop's rest, which the next wake-up would end at once. Viewers run meanwhile: one
        # that waits for nothing but its turn has taken all it was given before it is given more.
        await asyncio.sleep(max(0.0, self._last_turn + self._pace - loop.time()))
        head = await head_position(self._pool)
        if not self._has_begun:
            self._begin(head)
        is_full = await self._hand_out(head) if head > self._position else False
        self._last_turn = loop.time()
        return AGAIN if is_full else None

    async def stop(self, *, timeout: timedelta = timedelta(seconds=5)) -> None:
        """Ends every viewer at once, then the loop."""
        for viewer in list(self._viewers):
            self.dismiss(viewer, "shutdown")
        await super().stop(timeout=timeout)

    async def on_stop(self) -> None:
        self._has_begun = False
        if self._is_listening:
            self._listener.unsubscribe(HEAD_CHANNEL, self.wake)
            self._is_listening = False

    def _begin(self, head: int) -> None:
        self._position = head
        self._recent.begin(head)
        self._has_begun = True
        for viewer in self._viewers:
            viewer.wake()

    async def _hand_out(self, head: int) -> bool:
        """Reads a page and gives each viewer what fits it; whether the page was full."""
        # With the records of jobs: some viewer may want them.
        events = await self._read(self._position, head, EVERYTHING, passing_over="")
        is_full = len(events) == self._page
        # From here on nothing is awaited: a viewer joins before all of it or after all of it.
        if any(event.type == _ERASED for event in events):
            self._forget()
        self._position = events[-1].position if is_full else head
        self._recent.add(events)
        for wanted, viewers in list(self._joined.items()):
            fitting = [event for event in events if wanted.fits(event)]
            if fitting:
                for viewer in [one for one in viewers if not one.offer(fitting)]:
                    self._drop(viewer)
        self.telemetry.emit(
            "live.handed_out", event_count=len(events), viewer_count=len(self._viewers), position=self._position
        )
        return is_full

    def _part(self, viewer: Viewer) -> None:
        joined = self._joined.get(viewer.wanted)
        if joined is not None:
            joined.discard(viewer)
            if not joined:
                del self._joined[viewer.wanted]

    def _forget(self) -> None:
        """Lets go of every event read so far: somebody's personal values were erased since, and were in clear here.

        Viewers read what waited for them again, without those values.
        """
        self._erasure_count += 1
        self._recent.begin(self._position)
        for viewer in [one for one in self._viewers if one.waiting_count]:
            viewer.forget()
            self._part(viewer)

    def _drop(self, viewer: Viewer) -> None:
        waiting_count = viewer.waiting_count
        self.dismiss(viewer, "slow")
        self.telemetry.emit("live.dropped", level=logging.INFO, position=viewer.position, waiting_count=waiting_count)

    async def _catch_up(self, viewer: Viewer) -> None:
        """One page for a viewer, or its joining where it has come near enough."""
        position = viewer.position or 0
        if self._recent.reaches(position):
            viewer.load(self._recent.after(position, viewer.wanted), through=max(position, self._position))
            viewer.is_joined = True
            self._joined.setdefault(viewer.wanted, set()).add(viewer)
            return
        until = min(self._position, position + _WINDOW)
        erasure_count = self._erasure_count
        async with self._reading:
            events = await self._read(position, until, viewer.wanted, passing_over=unwanted_class(viewer.wanted.types))
        # Read before an erasure that has been told meanwhile, perhaps: then it is read again.
        if viewer.end is None and erasure_count == self._erasure_count:
            viewer.load(events, through=events[-1].position if len(events) == self._page else until)

    async def _read(self, after: int, until: int, wanted: LiveFilter, *, passing_over: str) -> list[LiveEvent]:
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                statement(_PACKAGE, "read_fitting"), after, until, self._page, *wanted.conditions(), passing_over
            )
            rows = await open_rows(connection, self._registry, rows)
        return [LiveEvent(row, self._registry) for row in rows]
