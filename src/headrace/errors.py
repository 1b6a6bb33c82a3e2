"""The error tree of the engine.

    HeadraceError
    ├── ConfigurationError        a setting, a name or a registration is wrong
    │   ├── UnknownKindError      no handler and no declaration for this job kind
    │   └── UnknownEventError     no class registered for this event type
    ├── InvalidArgsError          args do not fit the kind's declared type, or are too large
    ├── InvalidEventError         data does not fit the event's type, or is too large
    ├── TransactionClosedError    the transaction given has ended, failed or never began
    ├── WrongVersionError         the stream has moved on: expected and actual version
    ├── EventIdTakenError         the id given is that of an event with other content
    ├── SubscriptionNotFoundError no subscription of this name
    ├── ParkedStreamNotFoundError no stream is parked at this event
    ├── ViewerDroppedError        a live iteration did not keep up with what happens
    ├── BadRequestError           a request for live events cannot be read (`headrace.web.request`)
    ├── ProjectionNotFoundError   no projection of this name, or no build of this number
    ├── CascadeError              handlers have set each other off too often (`headrace.events.cascade`)
    ├── ArchiveError              a file of an archive is missing or damaged (`headrace.events.archive_file`)
    ├── NotCaughtUpError          a subscription did not reach a position in time (`headrace.events.wait`)
    ├── StaleLeaseError           this attempt no longer holds the job
    ├── ChildDiedError            the child process of an attempt ended by itself
    ├── ChildError                an error of a handler in a child process that could not be brought over
    ├── NotInChildError           a handler in a child process asked for what only the worker has
    ├── JobNotFoundError          no job with this id
    ├── NoResultError             a job whose result is awaited has ended without one
    │   ├── JobFailedError        it is failed or dead
    │   └── JobCancelledError     it was cancelled
    ├── JobNotEndedError          a job whose result is awaited did not end in time
    ├── InvalidResultError        a job's result does not fit the type it is read as
    ├── OperationNotFoundError    no operation with this id
    ├── RehearsalError            a handler failed in a dry run
    ├── ReplayNotFoundError       no replay with this id
    ├── SubjectNotFoundError      no personal values of this subject
    ├── SecretKeyError            what is sealed cannot be opened with the keys there are
    ├── ScheduleNotFoundError     no schedule of this name
    ├── ScheduleExistsError       the name of a new schedule is taken
    ├── WorkerNotStartedError     a worker could not be registered in time
    ├── LimitNotFoundError        no limit of this name
    ├── SchemaError               the database's schema does not fit this version
    └── EmbeddedServerError       the embedded PostgreSQL could not be made or started

Control flow of handlers (`Retry`, `Snooze`, `Discard`, `Cancel`) is in `headrace.jobs.outcome`:
those are outcomes, not errors.
"""

import signal
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
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


class EventIdTakenError(HeadraceError):
    """An event is stored under this id already, and says something else; nothing was appended.

    `stored` and `given` describe the two whole: type, version, stream and JSON. `position` is None
    where both were given together.
    """

    def __init__(self, event_id: UUID, *, position: int | None, stored: str, given: str) -> None:
        where = "given before" if position is None else f"stored at position {position}"
        super().__init__(
            f"event {event_id} is {where} as {_shortened(stored)}, given as "
            f"{_shortened(given)}; an id names one event for ever, append the other under an id of its own"
        )
        self.event_id = event_id
        self.position = position
        self.stored = stored
        self.given = given


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


class ChildDiedError(HeadraceError):
    """The child process of an attempt ended before its handler did: it crashed, exited or was killed from outside.

    `exit_code` is None where a signal ended it, `signal_number` where none did.
    """

    def __init__(self, returncode: int, *, pid: int) -> None:
        self.pid = pid
        self.exit_code = returncode if returncode >= 0 else None
        self.signal_number = -returncode if returncode < 0 else None
        super().__init__(f"the child process of the attempt (pid {pid}) {_ending(returncode)}")


def _ending(returncode: int) -> str:
    if returncode >= 0:
        return f"exited with code {returncode} before the handler had ended; let the handler return or raise instead"
    number = -returncode
    name = signal.Signals(number).name if number in set(signal.Signals) else "unknown"
    hint = "the kernel may have run out of memory" if number == signal.SIGKILL else "look at the native code it calls"
    return f"was ended by signal {number} ({name}); {hint}"


class ChildError(HeadraceError):
    """What a handler raised in a child process, where the error itself could not be brought to the worker.

    It is stored under the type, message and traceback it had; rules of a `RetryPolicy` see this class.
    """

    def __init__(self, type_name: str, message: str, traceback: str) -> None:
        super().__init__(type_name, message, traceback)
        self.type_name = type_name
        self.message = message
        self.traceback = traceback

    def __str__(self) -> str:
        return f"{self.type_name}: {self.message}"


class NotInChildError(HeadraceError):
    """A handler in a child process asked for something of its worker that cannot be had there."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f'{what} is not there in a handler with executor="process", which has no database of its worker\'s; return '
            "what is to be written and let another job write it, open a connection of your own, or run it in a thread"
        )
        self.what = what


class JobNotFoundError(HeadraceError):
    """No job with this id is stored."""

    def __init__(self, job_id: UUID | str) -> None:
        super().__init__(f"no job {job_id} is stored; `headrace jobs list` shows what is")
        self.job_id = job_id


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


class WorkerNotStartedError(HeadraceError):
    """A worker could not be registered in time; it has been stopped again."""

    def __init__(self, timeout: timedelta, reason: str) -> None:
        super().__init__(
            f"the worker could not be registered within {timeout}: {reason}; "
            "see that the database is there and takes writes, then start it again"
        )
        self.timeout = timeout
        self.reason = reason


class SubscriptionNotFoundError(HeadraceError):
    """No subscription of this name has begun."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"no subscription {name!r} has begun; `headrace subscriptions list` shows those that have, "
            "a worker with its handler begins one"
        )
        self.name = name


class ProjectionNotFoundError(HeadraceError):
    """No projection of this name has begun, or it has no build of this number."""

    def __init__(self, name: str, build: int | None = None) -> None:
        what = f"projection {name!r}" if build is None else f"build {build} of projection {name!r}"
        super().__init__(f"there is no {what}; `headrace projections list` names those that a worker has begun")
        self.name = name
        self.build = build


class ParkedStreamNotFoundError(HeadraceError):
    """A subscription has no stream parked at this event, or is resuming it already."""

    def __init__(self, name: str, position: int) -> None:
        super().__init__(
            f"subscription {name!r} has no stream parked at event {position}; "
            "`headrace subscriptions parked` shows what it has"
        )
        self.name = name
        self.position = position


class ViewerDroppedError(HeadraceError):
    """A live iteration did not keep up with what happens, and was ended; nothing is lost.

    `position` is that of the last event handed out: `after=position` goes on behind it. `buffer` is how many
    events were allowed to wait.
    """

    def __init__(self, position: int, *, buffer: int) -> None:
        super().__init__(
            f"more than {buffer} events waited to be looked at; go on with live(after={position}), "
            "do less for each event, or allow more with buffer="
        )
        self.position = position
        self.buffer = buffer


class RehearsalError(HeadraceError):
    """A handler failed in a dry run, at one of the events from `first` to `last`; all of it was undone."""

    def __init__(self, handler: str, *, first: int, last: int, reason: str) -> None:
        super().__init__(
            f"handler {handler!r} fails at one of the events at positions {first} to {last}: {reason}; "
            f"begin at --after {first - 1} with --batch-size 1 to see at which"
        )
        self.handler = handler
        self.first = first
        self.last = last
        self.reason = reason


class ReplayNotFoundError(HeadraceError):
    """No replay with this id is stored."""

    def __init__(self, replay_id: UUID) -> None:
        super().__init__(f"no replay {replay_id} is stored; `headrace replays list` shows what is")
        self.replay_id = replay_id


class SubjectNotFoundError(HeadraceError):
    """No event has personal values of this subject."""

    def __init__(self, subject: str, *, tenant_id: str) -> None:
        where = f" of tenant {tenant_id!r}" if tenant_id else ""
        super().__init__(
            f"subject {subject!r}{where} has no key: no event has personal values of it; check its id and tenant"
        )
        self.subject = subject
        self.tenant_id = tenant_id


class SecretKeyError(HeadraceError):
    """Something sealed cannot be opened with the secret keys there are. `key` names the key, and is no secret."""

    def __init__(self, key: str, *, reason: str) -> None:
        super().__init__(f"what is sealed under secret key {key} cannot be opened: {reason}; see HEADRACE_SECRET_KEYS")
        self.key = key
        self.reason = reason


class LimitNotFoundError(HeadraceError):
    """No limit of this name is in force."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no limit {name!r} is in force; `headrace limits list` shows those that are")
        self.name = name


class SchemaError(HeadraceError):
    """The database's schema does not fit this version of the engine."""


def _shortened(text: str, *, most: int = 300) -> str:
    return text if len(text) <= most else f"{text[:most]}..."
