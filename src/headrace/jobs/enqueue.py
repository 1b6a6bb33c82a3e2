"""From a call to a job that can be stored: every check is made here, before any statement."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol, cast, get_args
from uuid import UUID

import msgspec

from headrace.context import current
from headrace.errors import ConfigurationError
from headrace.ids import uuid7
from headrace.jobs.job import Dependency, NewJob, Policy, Priority, Unique
from headrace.jobs.registry import Kind, encode_json, holds_nul, require_attempts, require_queue
from headrace.jobs.unique_key import resolve

_LONGEST_DELAY = timedelta(days=36_525)
_LONGEST_NAME = 200


class Stored(Protocol):
    """What knows its job's id: a `Job`, or what enqueueing gave."""

    @property
    def id(self) -> UUID: ...


JobReference = UUID | Stored
DependsOn = Iterable[JobReference] | Mapping[str, JobReference]
"""The jobs to wait for; a mapping also says what the one that waits calls them."""


def prepare(
    kind: Kind,
    args: Any,
    *,
    queue: str | None = None,
    priority: Priority | str | None = None,
    max_attempts: int | None = None,
    run_at: datetime | None = None,
    delay: timedelta | None = None,
    parent_id: UUID | None = None,
    metadata: dict[str, Any] | None = None,
    unique: Unique | None = None,
    depends_on: DependsOn = (),
    on_failed_dependency: Policy = "cancel",
) -> NewJob:
    """A checked, encoded job with an id of its own, in the current context.

    `run_at` (aware) or `delay` make it due later, never both; what is left out comes from the kind.
    Raises InvalidArgsError for args, ConfigurationError for options, and whatever a middleware raises.
    """
    if run_at is not None and delay is not None:
        raise ConfigurationError(f"give run_at or delay, not both: got run_at={run_at} and delay={delay}")
    if run_at is not None and run_at.tzinfo is None:
        raise ConfigurationError(f"run_at must be aware, got {run_at.isoformat()}; use datetime.now(UTC)")
    if delay is not None and delay < timedelta(0):
        raise ConfigurationError(f"delay must not be negative, got {delay}")
    if delay is not None and delay > _LONGEST_DELAY:
        raise ConfigurationError(f"delay must be at most {_LONGEST_DELAY.days} days, got {delay}")
    if max_attempts is not None:
        require_attempts(max_attempts)
    if queue is not None:
        require_queue(queue)
    encoded = kind.encode(args)
    job = NewJob(
        id=uuid7(),
        kind=kind.name,
        queue=kind.queue if queue is None else queue,
        priority=kind.priority if priority is None else _priority(priority),
        args=encoded,
        max_attempts=max_attempts or kind.max_attempts,
        context=current(),
        run_at=run_at,
        delay=delay or timedelta(0),
        parent_id=parent_id,
        metadata=None if metadata is None else _metadata(metadata),
        unique=None if unique is None else resolve(unique, encoded),
        dependencies=_dependencies(depends_on, on_failed_dependency) if depends_on else (),
    )
    return kind.middleware.on_enqueue(job)


def require_name(name: str, *, what: str) -> None:
    """Raises ConfigurationError for a name that cannot be stored."""
    is_storable = "\x00" not in name and not any("\ud800" <= character <= "\udfff" for character in name)
    if not (1 <= len(name) <= _LONGEST_NAME and is_storable):
        raise ConfigurationError(
            f"the name of a {what} has 1 to {_LONGEST_NAME} characters, without U+0000 and lone surrogates, "
            f"got {name[:50]!r}"
        )


def _dependencies(depends_on: DependsOn, policy: Policy) -> tuple[Dependency, ...]:
    if policy not in get_args(Policy):
        raise ConfigurationError(f"on_failed_dependency must be cancel, run or hold, got {policy!r}")
    named: Iterable[tuple[str | None, JobReference]]
    if isinstance(depends_on, Mapping):
        named = cast("Mapping[str, JobReference]", depends_on).items()
    else:
        named = ((None, one) for one in depends_on)
    found: dict[UUID, Dependency] = {}
    for name, reference in named:
        if name is not None:
            require_name(name, what="dependency")
        job_id = reference if isinstance(reference, UUID) else reference.id
        if name is not None and job_id in found:
            raise ConfigurationError(f"depends_on names job {job_id} twice: {found[job_id].name!r} and {name!r}")
        found[job_id] = Dependency(job_id, policy, name)
    return tuple(found.values())


def _metadata(value: dict[str, Any]) -> str:
    try:
        text = encode_json(value).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ConfigurationError(f"metadata must be JSON: {error}") from error
    if holds_nul(text):
        raise ConfigurationError("metadata must not hold the character U+0000, PostgreSQL cannot store it")
    return text


def _priority(value: Priority | str) -> Priority:
    try:
        return Priority.named(value) if isinstance(value, str) else Priority(value)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
