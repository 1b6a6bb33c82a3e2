"""When a schedule ticks: cron expressions in a time zone, and plain intervals. A moment in, the next tick out."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import cast
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from headrace.errors import ConfigurationError

SHORTEST_PERIOD = timedelta(seconds=1)
LONGEST_PERIOD = timedelta(days=36_525)

_LONGEST_EXPRESSION = 200
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_HOURS_OF_A_DAY = 24
_ANY_TIME = datetime(2000, 1, 1)  # noqa: DTZ001 - a time on the wall, in no zone


@dataclass(frozen=True, slots=True)
class Cron:
    """The ticks of a cron expression: five fields as in crontab(5), or six with seconds first.

    An expression names times on the wall clock of `timezone` (an IANA name), and clocks are turned:

    - One that names hours (`30 2 * * *`, `0 */6 * * *`): a time that is skipped ticks right after the
      gap, several of them together once; a time that comes twice ticks the first time only.
    - One for every hour (`*/15 * * * *`): it ticks at each moment whose wall clock fits. What is
      skipped is left out, what comes twice ticks twice.

    Raises ConfigurationError for an expression or a zone that cannot be read.
    """

    expression: str
    timezone: str = "UTC"
    _is_for_every_hour: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _zone(self.timezone)
        parsed = _parse(self.expression)
        object.__setattr__(self, "_is_for_every_hour", len(parsed.hours) == _HOURS_OF_A_DAY)

    def next_after(self, moment: datetime) -> datetime | None:
        """The first tick after an aware moment, in UTC; None where none comes within fifty years."""
        zone = _zone(self.timezone)
        if self._is_for_every_hour:
            return _next_fitting(self.expression, zone, moment.astimezone(UTC))
        return _next_named(self.expression, zone, moment.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Every:
    """Ticks a period apart, the first one a period after `anchor_at`. Time zones do not matter.

    Raises ConfigurationError for a period below a second or above a hundred years.
    """

    period: timedelta
    anchor_at: datetime

    def __post_init__(self) -> None:
        is_span = isinstance(cast("object", self.period), timedelta)
        if not is_span or not SHORTEST_PERIOD <= self.period <= LONGEST_PERIOD:
            raise ConfigurationError(
                f"every must be {SHORTEST_PERIOD} to {LONGEST_PERIOD}, got {self.period!r}; use timedelta(minutes=...)"
            )

    def next_after(self, moment: datetime) -> datetime | None:
        """The first tick after an aware moment, in UTC."""
        passed = (moment - self.anchor_at) // self.period
        return self.anchor_at.astimezone(UTC) + max(passed + 1, 1) * self.period


Rhythm = Cron | Every


def _parse(expression: str) -> CronSim:
    if not isinstance(cast("object", expression), str):
        raise ConfigurationError(f"cron must be text, got {expression!r:.50}; e.g. '0 3 * * *'")
    if len(expression) > _LONGEST_EXPRESSION:
        raise ConfigurationError(
            f"cron {expression[:20]!r}... cannot be read: it has {len(expression)} characters, "
            f"{_LONGEST_EXPRESSION} at most"
        )
    try:
        return CronSim(expression, _ANY_TIME)
    except (CronSimError, ValueError, AssertionError) as error:
        raise ConfigurationError(
            f"cron {expression!r} cannot be read: {error or 'bad field'}; "
            "write five fields, minute hour day-of-month month day-of-week, e.g. '0 3 * * *'"
        ) from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError) as error:
        raise ConfigurationError(
            f"time zone {name!r:.{_LONGEST_EXPRESSION}} is not known; write an IANA name such as 'Europe/Berlin'"
        ) from error


def _next_named(expression: str, zone: tzinfo, moment: datetime) -> datetime | None:
    """The next tick of an expression that names hours: walks the wall clock as if it were never turned."""
    for wall in CronSim(expression, moment.astimezone(zone).replace(tzinfo=None)):
        tick = _first_time(wall, zone)
        # While the clock shows an hour for the second time, the times ahead on it have been.
        if tick > moment:
            return tick
    return None


def _next_fitting(expression: str, zone: tzinfo, moment: datetime) -> datetime | None:
    """The next tick of an expression for every hour: walks from one turn of the clock to the next."""
    start = moment
    is_candidate = False
    while True:
        offset = _offset(start, zone)
        wall = (start + offset).replace(tzinfo=None) - (_SECOND if is_candidate else timedelta(0))
        named = next(CronSim(expression, wall), None)
        if named is None:
            return None
        tick = named.replace(tzinfo=UTC) - offset
        # A clock is turned once in a day at most.
        horizon = min(tick, start + _DAY)
        if _offset(horizon, zone) != offset:
            turn = _turn(zone, start, horizon)
            if tick < turn:
                return tick
            start, is_candidate = turn, True
        elif horizon == tick:
            return tick
        else:
            start, is_candidate = max(horizon, tick - _DAY), False


def _first_time(wall: datetime, zone: tzinfo) -> datetime:
    """The moment a wall clock first shows a time, or the end of the gap that swallows it."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    # In a gap the two are the other way round, one on each side of the turn.
    return _turn(zone, second, first) if first > second else first


def _turn(zone: tzinfo, low: datetime, high: datetime) -> datetime:
    """The first second after `low`, at most `high`, at which the offset is not that of `low`."""
    before, after = int(low.timestamp()), int(high.timestamp())
    offset = _offset(low, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(datetime.fromtimestamp(middle, UTC), zone) == offset:
            before = middle
        else:
            after = middle
    return datetime.fromtimestamp(after, UTC)


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
