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

    A subscriber that raises is logged and keeps its place: watching must not break the work.
    """

    def __init__(self, *subscribers: Subscriber) -> None:
        self._subscribers: list[Subscriber] = list(subscribers)

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.append(subscriber)

    def emit(self, name: str, *, level: int = logging.DEBUG, error: BaseException | None = None, **fields: Any) -> None:
        """Makes a record of what happened and hands it on."""
        if not self._subscribers:
            return
        record = Record(name, level, fields, error)
        for subscriber in self._subscribers:
            try:
                subscriber(record)
            except Exception:  # noqa: BLE001 - whoever watches must not break the work
                _log.exception("a telemetry subscriber failed on %s", name)
