"""From a call to a job that can be stored: every check is made here, before any statement."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from headrace.context import current
from headrace.errors import ConfigurationError
from headrace.ids import uuid7
from headrace.jobs.job import NewJob, Priority, Unique
from headrace.jobs.registry import Kind, encode_json

_QUEUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")


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
) -> NewJob:
    """A checked, encoded job with an id of its own, in the current context.

    `run_at` (aware) or `delay` make it due later, never both; what is left out comes from the kind.
    Raises InvalidArgsError for args, ConfigurationError for options.
    """
    if run_at is not None and delay is not None:
        raise ConfigurationError(f"give run_at or delay, not both: got run_at={run_at} and delay={delay}")
    if run_at is not None and run_at.tzinfo is None:
        raise ConfigurationError(f"run_at must be aware, got {run_at.isoformat()}; use datetime.now(UTC)")
    if delay is not None and delay < timedelta(0):
        raise ConfigurationError(f"delay must not be negative, got {delay}")
    if max_attempts is not None and not 1 <= max_attempts <= 32_767:  # noqa: PLR2004 - smallint
        raise ConfigurationError(f"max_attempts must be 1 to 32767, got {max_attempts}")
    if queue is not None and not _QUEUE.fullmatch(queue):
        raise ConfigurationError(
            f"a queue's name has 1 to 100 letters, digits, and _ . : - after the first, got {queue!r}"
        )
    return NewJob(
        id=uuid7(),
        kind=kind.name,
        queue=queue or kind.queue,
        priority=kind.priority if priority is None else _priority(priority),
        args=kind.encode(args),
        max_attempts=max_attempts or kind.max_attempts,
        context=current(),
        run_at=run_at,
        delay=delay or timedelta(0),
        parent_id=parent_id,
        metadata=None if metadata is None else encode_json(metadata).decode(),
        unique=unique,
    )


def _priority(value: Priority | str) -> Priority:
    try:
        return Priority.named(value) if isinstance(value, str) else Priority(value)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
