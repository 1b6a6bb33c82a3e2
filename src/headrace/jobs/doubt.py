"""Claims whose answer was lost: for how long to look for them, and how to tell them from those heard."""

_LASTS_SECONDS = 60.0
_PAUSE_SECONDS = 1.0


class Doubt:
    """What a fetcher knows of its leases since a claim failed.

    A claim can commit though its answer is lost; its jobs are then held by a living worker that does
    not know them. Their leases are later than the last one heard before, and never heard since. The
    server may be slow to end such a claim, so the look is repeated for a minute. Times are a monotonic
    clock's readings in seconds.
    """

    def __init__(self) -> None:
        self.after = 0
        """The last lease heard before the doubt began."""
        self.heard: set[int] = set()
        self._latest = 0
        self._until = self._next_look = float("-inf")

    def begin(self, now: float) -> None:
        """A claim has failed."""
        if now >= self._until:
            self.after = self._latest
            self.heard.clear()
        self._until = now + _LASTS_SECONDS
        self._next_look = now

    def hear(self, lease: int) -> None:
        """A claim has answered."""
        self._latest = lease
        if self._until > float("-inf"):
            self.heard.add(lease)

    def wants_look(self, now: float) -> bool:
        """True where a look is due; the next one is due a second later."""
        if now >= self._until:
            self._until = float("-inf")
            self.heard.clear()
            return False
        if now < self._next_look:
            return False
        self._next_look = now + _PAUSE_SECONDS
        return True
