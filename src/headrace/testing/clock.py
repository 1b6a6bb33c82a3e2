"""A clock that stands still until it is moved."""

from datetime import UTC, datetime, timedelta

from headrace.errors import ConfigurationError


class VirtualClock:
    """The time of an app under test: stands still until `advance` or `move_to`; statements take it for now.

    Begins at `moment` (aware), by default at the machine's time. What workers decide by heartbeat and
    lease stays with the real time.

        clock = VirtualClock(datetime(2031, 5, 1, 12, tzinfo=UTC))
        app = Headrace(dsn, clock=clock)
    """

    def __init__(self, moment: datetime | None = None) -> None:
        self._moment = _require_aware(moment if moment is not None else datetime.now(UTC))

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        return self._moment

    def override(self) -> datetime | None:
        """The moment: what statements take for now."""
        return self._moment

    def advance(self, step: timedelta) -> datetime:
        """Moves on by `step`; the new moment. Raises ConfigurationError for a step back."""
        return self.move_to(self._moment + step)

    def move_to(self, moment: datetime) -> datetime:
        """Moves on to a moment. Raises ConfigurationError for one in the past."""
        if _require_aware(moment) < self._moment:
            raise ConfigurationError(
                f"the clock stands at {self._moment.isoformat()} and does not go back, got {moment.isoformat()}; "
                "begin with an earlier one"
            )
        self._moment = moment.astimezone(UTC)
        return self._moment


def _require_aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ConfigurationError(f"the moment must be aware, got {moment.isoformat()}; use datetime(..., tzinfo=UTC)")
    return moment.astimezone(UTC)
