"""How long events are kept, by their class, and what becomes of a partition of the log whose time is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from headrace.errors import ConfigurationError
from headrace.events.event import DOMAIN
from headrace.events.event_class import CLASS_NAME, CLASSES, LIFECYCLE, OPERATIONAL


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRetention:
    """How long events are kept after they were recorded, by their class; None keeps them for ever.

    `more` has the periods of classes of your own. What has to go is exported into the folder `archive`
    first. Without one it stays, but for the classes that `unarchived` names: those go without an export.
    `senders` is how long it is kept from where requests came.
    """

    domain: timedelta | None = None
    operational: timedelta | None = timedelta(days=30)
    lifecycle: timedelta | None = timedelta(days=7)
    more: Mapping[str, timedelta | None] | None = None
    archive: Path | str | None = None
    unarchived: tuple[str, ...] = (LIFECYCLE,)
    senders: timedelta = timedelta(days=30)

    def __post_init__(self) -> None:
        for name in self.more or {}:
            if not CLASS_NAME.fullmatch(name) or name in CLASSES:
                raise ConfigurationError(
                    f"a retention class has a name like 'audit' (at most 30 of a-z, 0-9 and _), got {name!r}; "
                    f"{', '.join(sorted(CLASSES))} have options of their own"
                )
        for name, period in self.periods.items():
            if period is not None and period <= timedelta(0):
                raise ConfigurationError(f"{name} must be positive, got {period}; None keeps events for ever")
        if self.senders <= timedelta(0):
            raise ConfigurationError(f"senders must be positive, got {self.senders}; use timedelta(days=...)")
        unknown = sorted(set(self.unarchived) - set(self.periods))
        if unknown:
            known = ", ".join(self.periods)
            raise ConfigurationError(f"unarchived names no class {unknown[0]!r} (known: {known}); add it to more")

    @property
    def periods(self) -> dict[str, timedelta | None]:
        """Every class, and how long its events are kept."""
        built_in = {DOMAIN: self.domain, OPERATIONAL: self.operational, LIFECYCLE: self.lifecycle}
        return built_in | dict(self.more or {})

    @property
    def folder(self) -> Path | None:
        """Where events are exported to before they go."""
        return None if self.archive is None else Path(self.archive)


@dataclass(frozen=True, slots=True)
class EventPartition:
    """A partition of the log: the positions it holds, or the times of recording, from `low` to before `high`."""

    name: str
    retention: str
    low_position: int | None
    high_position: int | None
    low_at: datetime | None
    high_at: datetime | None


@dataclass(frozen=True, slots=True)
class Extent:
    """What a partition holds: how many events, and from which position to which (0 for none)."""

    event_count: int
    first_position: int
    last_position: int


EventFate = Literal["export", "drop", "hold"]


def decide_fate(
    partition: EventPartition,
    extent: Extent,
    retention: EventRetention,
    *,
    needed_by: str | None,
    may_drop: bool = True,
) -> tuple[EventFate, str | None]:
    """What becomes of a partition whose time is over, and why where it has to stay."""
    if not may_drop:
        return "hold", "the role of this process may drop nothing; run `headrace events retention` as the owner's"
    if not extent.event_count:
        return "drop", None
    if needed_by is not None:
        return "hold", f"{needed_by} has yet to handle events of it"
    if retention.archive is not None:
        return "export", None
    if partition.retention in retention.unarchived:
        return "drop", None
    return "hold", "no archive is configured; give EventRetention(archive=...), or name the class in unarchived"
