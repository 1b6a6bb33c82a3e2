"""The error tree of the engine.

    HeadraceError
    ├── ConfigurationError        a setting, a name or a registration is wrong
    │   ├── UnknownKindError      no handler and no declaration for this job kind
    │   └── UnknownEventError     no class registered for this event type
    ├── InvalidArgsError          args do not fit the kind's declared type, or are too large
    ├── InvalidEventError         data does not fit the event's type, or is too large
    ├── TransactionClosedError    the transaction given has ended, failed or never began
    ├── WrongVersionError         the stream has moved on: expected and actual version
    ├── NotCaughtUpError          a subscription did not reach a position in time (`headrace.events.wait`)
    ├── StaleLeaseError           this attempt no longer holds the job
    ├── JobNotFoundError          no job with this id
    ├── SchemaError               the database's schema does not fit this version
    └── EmbeddedServerError       the embedded PostgreSQL could not be made or started

Control flow of handlers (`Retry`, `Snooze`, `Discard`, `Cancel`) is in `headrace.jobs.outcome`:
those are outcomes, not errors.
"""

from uuid import UUID


class HeadraceError(Exception):
    """The base of every error the engine raises on purpose."""


class ConfigurationError(HeadraceError):
    """A setting, a name or a registration is wrong; the message says which and what to write."""


class UnknownKindError(ConfigurationError):
    """No handler and no declaration is registered for this job kind."""

    def __init__(self, kind: str, known: frozenset[str]) -> None:
        listed = ", ".join(sorted(known)) or "none"
        super().__init__(
            f"job kind {kind!r} is not registered (known: {listed}); "
            f"register a handler with @app.job({kind!r}) or declare it with app.declare({kind!r})"
        )
        self.kind = kind


class UnknownEventError(ConfigurationError):
    """No class is registered for this event type."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"event {name!r} is not registered; decorate its class with @event(type, version=1) "
            "and register it with app.register(...)"
        )
        self.name = name


class InvalidArgsError(HeadraceError):
    """The arguments of a job do not fit the declared type of its kind, or are too large."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"args of job kind {kind!r} refused: {reason}")
        self.kind = kind
        self.reason = reason


class InvalidEventError(HeadraceError):
    """The data of an event does not fit its type, or is too large."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"data of event {name!r} refused: {reason}")
        self.name = name
        self.reason = reason


class TransactionClosedError(HeadraceError):
    """The transaction given can no longer (or not yet) hold what was asked of it."""


class WrongVersionError(HeadraceError):
    """The stream is not at the version the caller expected; nothing was appended."""

    def __init__(self, stream: str, *, expected: int, actual: int) -> None:
        super().__init__(
            f"stream {stream} is at version {actual}, expected {expected}; "
            "read the stream again, decide anew and append with the new version"
        )
        self.stream = stream
        self.expected = expected
        self.actual = actual


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


class SchemaError(HeadraceError):
    """The database's schema does not fit this version of the engine."""
