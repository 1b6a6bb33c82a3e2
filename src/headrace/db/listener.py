"""Hears wake-ups: one session per process that listens on every channel asked for."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from headrace.db.connecting import CONNECTION_ERRORS, close
from headrace.db.connection import Connection
from headrace.db.pool import ConnectionPool
from headrace.service import Service
from headrace.telemetry import Telemetry

JOBS_CHANNEL = "headrace_jobs"
LATER_CHANNEL = "headrace_later"
"""Of jobs that wait for longer than most workers do between two looks: for those that look less often."""
EVENTS_CHANNEL = "headrace_events"
HEAD_CHANNEL = "headrace_head"
SCHEDULES_CHANNEL = "headrace_schedules"
RESULTS_CHANNEL = "headrace_results"

WakeUp = Callable[[], None]
Heeds = Callable[[str], bool]


class Listener(Service):
    """Calls the wake-ups of a channel when a hint comes in on it, and all of them after a reconnect.

    Hints are never data: losing every one costs latency, not delivery. One may say what it is about, and
    then wakes only those who heed that. The session is checked every few seconds, since a cut network says
    nothing by itself.
    """

    def __init__(self, pool: ConnectionPool, *, telemetry: Telemetry, check: timedelta = timedelta(seconds=5)) -> None:
        super().__init__("listener", telemetry=telemetry, idle=check)
        self._pool = pool
        self._channels: dict[str, list[tuple[WakeUp, Heeds | None]]] = {}
        self._heard_channels: set[str] = set()
        self._session: Connection | None = None

    def subscribe(self, channel: str, wake_up: WakeUp, *, heeds: Heeds | None = None) -> None:
        """Adds a wake-up; it is called as soon as its channel is listened on, and may be added at any time.

        `heeds` tells whether what a hint is about concerns it; one that says nothing concerns all.
        """
        self._channels.setdefault(channel, []).append((wake_up, heeds))
        self.wake()

    def unsubscribe(self, channel: str, wake_up: WakeUp) -> None:
        """Takes a wake-up away again; with the last one the session ends."""
        subscribed = self._channels.get(channel, [])
        for one in subscribed:
            if one[0] == wake_up:
                subscribed.remove(one)
                break
        if not subscribed:
            self._channels.pop(channel, None)
            self.wake()

    def hears(self, channel: str) -> bool:
        """Whether hints on a channel are heard now, as far as is known."""
        return self._session is not None and not self._session.is_closed() and channel in self._heard_channels

    async def run_once(self) -> timedelta | None:
        if not self._channels or not self._pool.has_direct:
            await self._end_session()
            return None
        if self._session is None or self._session.is_closed():
            self._heard_channels.clear()
            self._session = await self._pool.connect("listener", is_direct=True)
            cast("Any", self._session).add_termination_listener(self._lost)
        elif self._heard_channels.issuperset(self._channels):
            await self._session.execute("SELECT 1", timeout=5)
            return None
        session = self._session
        try:
            for channel in self._channels.keys() - self._heard_channels:
                await cast("Any", session).add_listener(channel, self._heard)
                self._heard_channels.add(channel)
                # What was told before it could be heard.
                self._heard(session, 0, channel, "")
        except CONNECTION_ERRORS:
            self._session = None
            await close(session)
            raise
        return None

    async def on_stop(self) -> None:
        await self._end_session()

    async def _end_session(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            self._heard_channels.clear()
            await close(session)

    def _heard(self, _session: object, pid: int, channel: str, about: object) -> None:
        if pid:
            self.telemetry.emit("wakeup.heard", channel=channel)
        for wake_up, heeds in self._channels.get(channel, ()):
            if not about or heeds is None or heeds(str(about)):
                wake_up()

    def _lost(self, _session: object) -> None:
        self.wake()
