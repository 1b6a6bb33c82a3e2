"""What a schedule is: what to run, when, and how it stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast, get_args
from uuid import UUID

import msgspec

from headrace.errors import ConfigurationError
from headrace.jobs.cron import Cron, Every, Rhythm
from headrace.jobs.enqueue import draft
from headrace.jobs.job import Priority
from headrace.jobs.registry import Kind

CatchUp = Literal["none", "last", "all"]
Source = Literal["code", "runtime"]

CATCH_UP_LIMIT = 100
MOST_CAUGHT_UP = 10_000

_LONGEST_NAME = 200

NOT_WANTED = "declared with enabled=False"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a schedule runs, and when: either `cron` in `timezone`, or `every`.

    `catch_up` says what follows an outage: nothing of what was missed ("none"), its newest tick
    ("last"), or all of them ("all"), the newest `catch_up_limit` at most.
    """

    kind: str
    args: Any
    cron: str | None
    timezone: str
    every: timedelta | None
    catch_up: CatchUp
    catch_up_limit: int
    queue: str
    priority: str
    max_attempts: int

    def rhythm(self, anchor_at: datetime) -> Rhythm:
        """When it ticks. Raises ConfigurationError for what cannot be read."""
        return rhythm(cron=self.cron, timezone=self.timezone, every=self.every, anchor_at=anchor_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Plan):
    """A stored schedule.

    `next_at` is None while it does not tick: it is paused, it is disabled (`disabled_because` says
    why), or no tick comes within fifty years. `last_at` is the last tick fired, `last_job_id` the last
    job made, by a tick or by hand. `anchor_at` is what intervals are counted from. `revision` goes up
    with every change.
    """

    name: str
    source: Source
    app: str
    is_paused: bool = False
    paused_by: str | None = None
    disabled_because: str | None = None
    next_at: datetime | None = None
    last_at: datetime | None = None
    last_job_id: UUID | None = None
    anchor_at: datetime
    created_at: datetime
    edited_at: datetime | None = None
    edited_by: str | None = None
    tenant_id: str = ""
    user_id: str | None = None
    declaration: str | None = None
    revision: int = 1

    @property
    def is_unreadable(self) -> bool:
        """True where it is disabled since a scheduler could not read when it ticks."""
        is_declared = self.source == "runtime" or self.declaration is not None
        return self.disabled_because not in {None, NOT_WANTED} and is_declared

    @property
    def is_live(self) -> bool:
        """True where it is neither paused nor disabled."""
        return not self.is_paused and self.disabled_because is None

    def next_after(self, now: datetime) -> datetime | None:
        """The tick to wait for; never one that has been, even where the clock was set back."""
        if not self.is_live:
            return None
        return self.rhythm(self.anchor_at).next_after(now if self.last_at is None else max(now, self.last_at))


@dataclass(frozen=True, slots=True)
class Tick:
    """Why a job exists that a schedule made: the schedule, the tick's time, who made it tick by hand."""

    schedule: str
    at: datetime
    triggered_by: str | None = None

    def metadata(self) -> str:
        """The metadata of the tick's job."""
        return msgspec.json.encode({"tick": self}).decode()


def tick_of(metadata: dict[str, Any] | None) -> Tick | None:
    """The tick that metadata tells of, if any."""
    try:
        return msgspec.convert((metadata or {}).get("tick"), Tick | None)
    except msgspec.ValidationError:
        return None


def plan(
    kind: Kind,
    args: Any,
    *,
    cron: str | None,
    timezone: str,
    every: timedelta | None,
    catch_up: CatchUp,
    catch_up_limit: int,
    queue: str | None,
    priority: Priority | str | None,
    max_attempts: int | None,
) -> Plan:
    """A checked plan; what is left out comes from the kind. Raises InvalidArgsError, ConfigurationError."""
    require_catch_up(catch_up, catch_up_limit)
    job = draft(kind, args, queue=queue, priority=priority, max_attempts=max_attempts)
    return Plan(
        kind=kind.name,
        args=msgspec.json.decode(job.args),
        cron=cron,
        timezone=timezone,
        every=every,
        catch_up=catch_up,
        catch_up_limit=catch_up_limit,
        queue=job.queue,
        priority=job.priority.name.lower(),
        max_attempts=job.max_attempts,
    )


def rhythm(*, cron: str | None, timezone: str, every: timedelta | None, anchor_at: datetime) -> Rhythm:
    """Reads cron or every, of which exactly one must be given. Raises ConfigurationError."""
    if cron is not None and every is None:
        return Cron(cron, timezone)
    if every is not None and cron is None:
        return Every(every, anchor_at)
    raise ConfigurationError(f"a schedule needs cron or every, one of the two: got cron={cron!r} and every={every}")


def require_name(name: str) -> None:
    """Raises ConfigurationError for a name no schedule may have."""
    is_name = isinstance(cast("object", name), str) and 1 <= len(name) <= _LONGEST_NAME and name.isprintable()
    if not is_name:
        raise ConfigurationError(f"a schedule's name has 1 to {_LONGEST_NAME} printable characters, got {name!r:.50}")


def require_catch_up(catch_up: str, limit: int) -> None:
    """Raises ConfigurationError for a policy or a bound there is not."""
    if catch_up not in get_args(CatchUp):
        raise ConfigurationError(f"catch_up must be one of {', '.join(get_args(CatchUp))}, got {catch_up!r}")
    if not isinstance(cast("object", limit), int) or not 1 <= limit <= MOST_CAUGHT_UP:
        raise ConfigurationError(f"catch_up_limit must be 1 to {MOST_CAUGHT_UP}, got {limit!r}")
