"""Who wants to be told of a mailbox's changes, about what, and until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from headrace_crm.sandbox.google.history import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A mailbox's one watch; without `label_ids` it is about every change.

    With them it is about the messages under one of them, or with `is_excluding` about all others.
    """

    topic: str
    label_ids: frozenset[str]
    is_excluding: bool
    ends_at: datetime

    def concerns(self, change: Change) -> bool:
        if not self.label_ids:
            return True
        touched: Iterable[str] = (*change.labels, *change.changed)
        return self.label_ids.isdisjoint(touched) is self.is_excluding


class Watches:
    """Watches by address, and when each mailbox was last told of. Safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._watches: dict[str, Watch] = {}
        self._told_at: dict[str, datetime] = {}

    def begin(self, email: str, watch: Watch) -> None:
        """Replaces whatever watch there was."""
        with self._lock:
            self._watches[email] = watch

    def stop(self, email: str) -> None:
        """Ends the watch, if there is one."""
        with self._lock:
            self._watches.pop(email, None)

    def of(self, email: str, *, now: datetime) -> Watch | None:
        """The watch as long as it lasts."""
        watch = self._watches.get(email)
        return watch if watch is not None and watch.ends_at > now else None

    def may_tell(self, email: str, *, now: datetime, interval: timedelta) -> bool:
        """True when the last notification is at least `interval` ago, and from now on this is the last one."""
        with self._lock:
            last = self._told_at.get(email)
            if last is not None and now - last < interval:
                return False
            self._told_at[email] = now
            return True
