from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Real time plus an offset, which only grows: what lives a week can be seen to end without waiting one."""

    def __init__(self) -> None:
        self._offset = timedelta(0)

    @property
    def offset(self) -> timedelta:
        """How far ahead of real time it is."""
        return self._offset

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        return self.real_now() + self._offset

    def real_now(self) -> datetime:
        """The moment for those who do not know of the offset, such as who verifies a signed token."""
        return datetime.now(UTC)

    def advance(self, by: timedelta) -> datetime:
        """Moves the time forward and returns what it is now; ValueError for a negative `by`."""
        if by < timedelta(0):
            raise ValueError(f"the sandbox's time only moves forward, got {by}; start another sandbox instead")
        self._offset += by
        return self.now()
