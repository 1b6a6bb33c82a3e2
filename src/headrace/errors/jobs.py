"""Errors about jobs: their kinds and args, their results, their schedules and limits."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from headrace.errors.root import ConfigurationError, HeadraceError


class UnknownKindError(ConfigurationError):
    """No handler and no declaration is registered for this job kind."""

    def __init__(self, kind: str, known: frozenset[str]) -> None:
        listed = ", ".join(sorted(known)) or "none"
        super().__init__(
            f"job kind {kind!r} is not registered (known: {listed}); "
            f"register a handler with @app.job({kind!r}) or declare it with app.declare({kind!r})"
        )
        self.kind = kind


class InvalidArgsError(HeadraceError):
    """The arguments of a job do not fit the declared type of its kind, or are too large."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"args of job kind {kind!r} refused: {reason}")
        self.kind = kind
        self.reason = reason


class StaleLeaseError(HeadraceError):
    """This attempt no longer holds its job: it was rescued, cancelled or finished elsewhere."""

    def __init__(self, job_id: UUID, *, attempt: int, lease: int) -> None:
        super().__init__(
            f"attempt {attempt} of job {job_id} no longer holds lease {lease}; "
            "its writes were rolled back, another attempt owns the job now"
        )
        self.job_id = job_id
        self.attempt = attempt
        self.lease = lease


class JobNotFoundError(HeadraceError):
    """No job with this id is stored."""

    def __init__(self, job_id: UUID | str) -> None:
        super().__init__(f"no job {job_id} is stored; `headrace jobs list` shows what is")
        self.job_id = job_id


class UniqueKeyHeldError(HeadraceError):
    """A job cannot be brought back: another one holds its unique key, until it ends or until a moment."""

    def __init__(self, job_id: UUID, *, kind: str, key: str, holder_id: UUID, until: datetime | None) -> None:
        held = f"job {holder_id} holds the unique key {key!r} of kind {kind!r}"
        super().__init__(
            f"job {job_id} stays as it ended: {held} until it has ended; "
            f"wait for it, or cancel it with `headrace jobs cancel {holder_id}`, then retry"
            if until is None
            else f"job {job_id} stays as it ended: {held} by its window until {until.isoformat()}; retry after that"
        )
        self.job_id = job_id
        self.kind = kind
        self.key = key
        self.holder_id = holder_id
        self.until = until


class NoResultError(HeadraceError):
    """A job whose result is awaited has ended without one; `error` is what is stored of its last error."""

    def __init__(self, job_id: UUID, *, kind: str, state: str, error: Mapping[str, Any]) -> None:
        told = ": ".join(str(error[part]) for part in ("type", "message") if error.get(part))
        super().__init__(
            f"job {job_id} ({kind}) is {state}: {told or 'no error is stored'}; "
            f"`headrace jobs show {job_id}` has every attempt"
        )
        self.job_id = job_id
        self.kind = kind
        self.state = state
        self.error = error


class JobFailedError(NoResultError):
    """The job is failed or dead."""


class JobCancelledError(NoResultError):
    """The job was cancelled."""


class JobNotEndedError(HeadraceError, TimeoutError):
    """A job whose result is awaited did not end in time; it goes on all the same."""

    def __init__(self, job_id: UUID, *, timeout: timedelta) -> None:
        super().__init__(
            f"job {job_id} did not end within {timeout}; `headrace jobs explain {job_id}` says what it waits for"
        )
        self.job_id = job_id
        self.timeout = timeout


class InvalidResultError(HeadraceError):
    """A job's result does not fit the type it is read as."""

    def __init__(self, job_id: UUID, *, kind: str, reason: str) -> None:
        super().__init__(
            f"the result of job {job_id} ({kind}) does not fit: {reason}; "
            "name its type with result(result_type=...), or Any for plain JSON"
        )
        self.job_id = job_id
        self.kind = kind
        self.reason = reason


class OperationNotFoundError(HeadraceError):
    """No operation with this id is stored."""

    def __init__(self, operation_id: UUID) -> None:
        super().__init__(f"no operation {operation_id} is stored; `headrace operations list` shows what is")
        self.operation_id = operation_id


class ScheduleNotFoundError(HeadraceError):
    """No schedule of this name is stored."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no schedule {name!r} is stored; `headrace schedules list` shows what is")
        self.name = name


class ScheduleExistsError(HeadraceError):
    """A schedule of this name is stored already; nothing was changed."""

    def __init__(self, name: str) -> None:
        super().__init__(f"a schedule {name!r} exists already; edit it, or choose another name")
        self.name = name


class LimitNotFoundError(HeadraceError):
    """No limit of this name is in force."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no limit {name!r} is in force; `headrace limits list` shows those that are")
        self.name = name
