"""One source of time: everything that needs the moment takes a `Clock`."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time. The engine's own statements use the database's clock unless a clock overrides it."""

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        ...

    def override(self) -> datetime | None:
        """What statements should take for now; None lets PostgreSQL use its own clock."""
        ...


class SystemClock:
    """The machine's clock for display, the server's for every decision.

    Decisions (what is due, which lease has ended) use the database's clock, so that a worker whose
    machine is an hour off neither starts jobs early nor loses leases.
    """

    def now(self) -> datetime:
        return datetime.now(UTC)

    def override(self) -> datetime | None:
        return None
