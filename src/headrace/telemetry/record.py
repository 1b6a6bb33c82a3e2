"""The record of one thing that happened, and the hub that hands it to subscribers."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_log = logging.getLogger("headrace")


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened: a dotted name, how grave it is, and its measures and facts."""

    name: str
    level: int = logging.DEBUG
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    error: BaseException | None = None


Subscriber = Callable[[Record], None]


class Telemetry:
    """Hands each record to every subscriber, in the order they subscribed.

    A subscriber that raises is logged and keeps its place: watching must not break the work. One with
    a method `hears(level)` says which levels it takes, so that the busiest records are not even made
    where nobody would take them.
    """

    def __init__(self, *subscribers: Subscriber) -> None:
        self._subscribers: list[Subscriber] = []
        self._ears: list[Callable[[int], bool]] = []
        self.hears: Callable[[int], bool] = self._none_hears
        """Whether any subscriber takes records of this level; for what happens at every job."""
        for subscriber in subscribers:
            self.subscribe(subscriber)

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.append(subscriber)
        self._ears.append(getattr(subscriber, "hears", _everything))
        # Mostly the log is the only one: it is asked without a step in between.
        self.hears = self._ears[0] if len(self._ears) == 1 else self._one_hears

    def _none_hears(self, _: int) -> bool:
        return False

    def _one_hears(self, level: int) -> bool:
        return any(hears(level) for hears in self._ears)

    def emit(self, name: str, *, level: int = logging.DEBUG, error: BaseException | None = None, **fields: Any) -> None:
        """Makes a record of what happened and hands it on."""
        if self._subscribers:
            self.hand_on(Record(name, level, fields, error))

    def hand_on(self, record: Record) -> None:
        """Hands a record that was made elsewhere to every subscriber."""
        for subscriber in self._subscribers:
            try:
                subscriber(record)
            except Exception:  # noqa: BLE001 - whoever watches must not break the work
                _log.exception("a telemetry subscriber failed on %s", record.name)


def _everything(_: int) -> bool:
    return True
