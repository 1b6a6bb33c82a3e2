"""From a call to a job that can be stored: every check is made here, before any statement."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast, get_args
from uuid import UUID

import msgspec

from headrace.context import Context, current
from headrace.errors import ConfigurationError, InvalidArgsError
from headrace.ids import uuid7
from headrace.jobs.codec import encode_json, holds_nul
from headrace.jobs.duration import require_duration
from headrace.jobs.job import Dependency, NewJob, Policy, Priority, Unique
from headrace.jobs.limit import require_limit_key, require_weight, rule_name
from headrace.jobs.registry import Kind, read_priority, require_attempts, require_queue, through
from headrace.jobs.text import is_storable
from headrace.jobs.unique_key import resolve

_FIRST_MOMENT = datetime(2, 1, 1, tzinfo=UTC)
_LAST_MOMENT = datetime(9999, 12, 30, tzinfo=UTC)
_LONGEST_NAME = 200
_NO_DELAY = timedelta(0)


class Stored(Protocol):
    """What knows its job's id: a `Job`, or what enqueueing gave."""

    @property
    def id(self) -> UUID: ...


JobReference = UUID | Stored
DependsOn = Iterable[JobReference] | Mapping[str, JobReference]
"""The jobs to wait for; a mapping also says what the one that waits calls them."""


def prepare(kind: Kind, args: Any, **options: Any) -> NewJob:
    """A job to store: as `draft` makes it, after the middleware. Raises what either raises."""
    return through(kind.middleware, draft(kind, args, **options))


def draft_plain(kind: Kind, args: Any) -> NewJob:
    """What `draft` makes of a call without options: most calls, for which every step counts."""
    if kind.limit is not None:
        return draft(kind, args)
    encoded = kind.encode(args)
    context = current()
    return NewJob(
        id=uuid7(),
        kind=kind.name,
        queue=kind.queue,
        priority=kind.priority,
        args=encoded,
        max_attempts=kind.max_attempts,
        context=context,
        is_told=kind.told.at_enqueue(kind.lifecycle, context),
    )


def draft(
    kind: Kind,
    args: Any,
    *,
    queue: str | None = None,
    priority: Priority | str | None = None,
    max_attempts: int | None = None,
    run_at: datetime | None = None,
    delay: timedelta | None = None,
    parent: JobReference | None = None,
    metadata: dict[str, Any] | None = None,
    unique: Unique | None = None,
    depends_on: DependsOn = (),
    on_failed_dependency: Policy = "cancel",
    limit_key: str | None = None,
    weight: int | None = None,
) -> NewJob:
    """A checked, encoded job with an id of its own, in the current context.

    `run_at` (aware) or `delay` make it due later, never both; what is left out comes from the kind, the
    limit key by its limit. Raises InvalidArgsError for args, ConfigurationError for options.
    """
    if run_at is not None and delay is not None:
        raise ConfigurationError(f"give run_at or delay, not both: got run_at={run_at} and delay={delay}")
    if run_at is not None:
        _require_moment(run_at)
    if delay is not None:
        require_duration(delay, name="delay")
    if max_attempts is not None:
        require_attempts(max_attempts)
    if queue is not None:
        require_queue(queue)
    encoded = kind.encode(args)
    key = None if unique is None else resolve(unique, encoded)
    if key is not None and key.on_conflict == "replace" and depends_on:
        raise ConfigurationError(
            "a job cannot have both depends_on and on_conflict='replace': the job it replaces would not wait for them; "
            "use skip or debounce, or enqueue it when they have ended"
        )
    context = current()
    return NewJob(
        id=uuid7(),
        kind=kind.name,
        queue=kind.queue if queue is None else queue,
        priority=kind.priority if priority is None else read_priority(priority),
        args=encoded,
        max_attempts=max_attempts or kind.max_attempts,
        context=context,
        run_at=run_at,
        delay=delay or _NO_DELAY,
        parent_id=None if parent is None else id_of(parent, what="parent"),
        metadata=None if metadata is None else _metadata(metadata),
        unique=key,
        dependencies=_dependencies(depends_on, on_failed_dependency) if depends_on else (),
        limit_key=_limit_key(kind, encoded, context) if limit_key is None else require_limit_key(limit_key),
        weight=1 if weight is None and kind.limit is None else _weight(kind, weight, limit_key),
        is_told=kind.told.at_enqueue(kind.lifecycle, context),
    )


def id_of(reference: JobReference, *, what: str) -> UUID:
    """The id of a job that is given as itself, as its id or as what enqueueing gave. Raises ConfigurationError."""
    found: object = reference if isinstance(reference, UUID) else getattr(reference, "id", None)
    if not isinstance(found, UUID):
        raise ConfigurationError(
            f"{what} must be a job, what enqueueing gave, or the UUID of one, got {reference!r:.50}"
        )
    return found


def _limit_key(kind: Kind, args: str, context: Context) -> str | None:
    if kind.limit is None:
        return None
    try:
        return kind.limit.key_of(args, context)
    except ValueError as error:
        raise InvalidArgsError(kind.name, str(error)) from error


def _weight(kind: Kind, weight: int | None, limit_key: str | None) -> int:
    limit = kind.limit
    if weight is None:
        return 1 if limit is None else limit.weight
    is_own = limit is not None and (limit_key is None or rule_name(limit_key) == limit.name)
    require_weight(weight, limit.rate if limit is not None and is_own else None, name=limit.name if limit else "(none)")
    return weight


def require_name(name: str, *, what: str) -> None:
    """Raises ConfigurationError for a name that cannot be stored."""
    if not is_storable(name, longest=_LONGEST_NAME):
        raise ConfigurationError(
            f"the name of a {what} has 1 to {_LONGEST_NAME} characters, without U+0000 and lone surrogates, "
            f"got {name!r:.50}"
        )


def _dependencies(depends_on: DependsOn, policy: Policy) -> tuple[Dependency, ...]:
    if policy not in get_args(Policy):
        raise ConfigurationError(f"on_failed_dependency must be cancel, run or hold, got {policy!r}")
    named: Iterable[tuple[str | None, JobReference]]
    if isinstance(depends_on, Mapping):
        named = cast("Mapping[str, JobReference]", depends_on).items()
    elif isinstance(cast("object", depends_on), Iterable) and not isinstance(depends_on, str):
        named = ((None, one) for one in depends_on)
    else:
        raise ConfigurationError(f"depends_on must be a list or a mapping of jobs, got {depends_on!r:.50}; write [job]")
    found: dict[UUID, Dependency] = {}
    for name, reference in named:
        if name is not None:
            require_name(name, what="dependency")
        job_id = id_of(reference, what="depends_on")
        if name is not None and job_id in found:
            raise ConfigurationError(f"depends_on names job {job_id} twice: {found[job_id].name!r} and {name!r}")
        found[job_id] = Dependency(job_id, policy, name)
    return tuple(found.values())


def _require_moment(run_at: object) -> None:
    if not isinstance(run_at, datetime):
        raise ConfigurationError(f"run_at must be a datetime, got {run_at!r:.50}; use datetime.now(UTC)")
    if run_at.tzinfo is None:
        raise ConfigurationError(f"run_at must be aware, got {run_at.isoformat()}; use datetime.now(UTC)")
    # Claims begin in the year 1, and what a moment comes to in another time zone must still be one.
    if not _FIRST_MOMENT <= run_at <= _LAST_MOMENT:
        raise ConfigurationError(f"run_at must be in the years 2 to 9999, got {run_at.isoformat()}")


def _metadata(value: object) -> str:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"metadata must be a mapping, got {value!r:.50}; write {{'name': value}}")
    try:
        text = encode_json(value).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ConfigurationError(f"metadata must be JSON: {error}") from error
    if holds_nul(text):
        raise ConfigurationError("metadata must not hold the character U+0000, PostgreSQL cannot store it")
    return text
