"""Hears wake-ups: one session per process that listens on every channel asked for."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from headrace.db.connection import Connection
from headrace.db.pool import CONNECTION_ERRORS, ConnectionPool, close
from headrace.service import Service
from headrace.telemetry import Telemetry

JOBS_CHANNEL = "headrace_jobs"
EVENTS_CHANNEL = "headrace_events"
HEAD_CHANNEL = "headrace_head"
SCHEDULES_CHANNEL = "headrace_schedules"

WakeUp = Callable[[], None]


class Listener(Service):
    """Calls the wake-ups of a channel when a hint comes in on it, and all of them after a reconnect.

    Hints are never data: losing every one costs latency, not delivery. The session is checked every
    few seconds, since a cut network says nothing by itself.
    """

    def __init__(self, pool: ConnectionPool, *, telemetry: Telemetry, check: timedelta = timedelta(seconds=5)) -> None:
        super().__init__("listener", telemetry=telemetry, idle=check)
        self._pool = pool
        self._channels: dict[str, list[WakeUp]] = {}
        self._session: Connection | None = None

    def subscribe(self, channel: str, wake_up: WakeUp) -> None:
        """Adds a wake-up; call before `start`."""
        self._channels.setdefault(channel, []).append(wake_up)

    async def run_once(self) -> timedelta | None:
        if self._session is not None and not self._session.is_closed():
            await self._session.execute("SELECT 1", timeout=5)
            return None
        session = await self._pool.connect("listener")
        try:
            for channel in self._channels:
                await cast("Any", session).add_listener(channel, self._heard)
            cast("Any", session).add_termination_listener(self._lost)
        except CONNECTION_ERRORS:
            await close(session)
            raise
        self._session = session
        for wake_ups in self._channels.values():
            for wake_up in wake_ups:
                wake_up()
        return None

    async def on_stop(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await close(session)

    def _heard(self, _session: object, _pid: int, channel: str, _payload: object) -> None:
        for wake_up in self._channels.get(channel, ()):
            wake_up()

    def _lost(self, _session: object) -> None:
        self.wake()
