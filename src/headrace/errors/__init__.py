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
    ├── ImportStoppedError        an import that commits part by part ended in the middle
    ├── SubscriptionNotFoundError no subscription of this name
    ├── SubscriptionServedError   a living worker has the handler of a subscription to be removed
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
    ├── UniqueKeyHeldError        a job to be brought back would need a key that another holds
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
    ├── TokenNotFoundError        no API token with this id
    ├── ProblemError              a request over HTTP is answered with a problem (`headrace.console.access.problem`)
    ├── SchemaError               the database's schema does not fit this version
    └── EmbeddedServerError       the embedded PostgreSQL could not be made or started

Control flow of handlers (`Retry`, `Snooze`, `Discard`, `Cancel`) is in `headrace.jobs.outcome`:
those are outcomes, not errors.
"""

from headrace.errors.access import TokenNotFoundError
from headrace.errors.events import (
    EventIdTakenError,
    ImportStoppedError,
    InvalidEventError,
    ParkedStreamNotFoundError,
    ProjectionNotFoundError,
    RehearsalError,
    ReplayNotFoundError,
    SubjectNotFoundError,
    SubscriptionNotFoundError,
    SubscriptionServedError,
    UnknownEventError,
    ViewerDroppedError,
    WrongVersionError,
)
from headrace.errors.jobs import (
    InvalidArgsError,
    InvalidResultError,
    JobCancelledError,
    JobFailedError,
    JobNotEndedError,
    JobNotFoundError,
    LimitNotFoundError,
    NoResultError,
    OperationNotFoundError,
    ScheduleExistsError,
    ScheduleNotFoundError,
    StaleLeaseError,
    UniqueKeyHeldError,
    UnknownKindError,
)
from headrace.errors.root import (
    ConfigurationError,
    HeadraceError,
    SchemaError,
    SecretKeyError,
    TransactionClosedError,
)
from headrace.errors.workers import (
    ChildDiedError,
    ChildError,
    NotInChildError,
    WorkerNotStartedError,
)

__all__ = [
    "ChildDiedError",
    "ChildError",
    "ConfigurationError",
    "EventIdTakenError",
    "HeadraceError",
    "ImportStoppedError",
    "InvalidArgsError",
    "InvalidEventError",
    "InvalidResultError",
    "JobCancelledError",
    "JobFailedError",
    "JobNotEndedError",
    "JobNotFoundError",
    "LimitNotFoundError",
    "NoResultError",
    "NotInChildError",
    "OperationNotFoundError",
    "ParkedStreamNotFoundError",
    "ProjectionNotFoundError",
    "RehearsalError",
    "ReplayNotFoundError",
    "ScheduleExistsError",
    "ScheduleNotFoundError",
    "SchemaError",
    "SecretKeyError",
    "StaleLeaseError",
    "SubjectNotFoundError",
    "SubscriptionNotFoundError",
    "SubscriptionServedError",
    "TokenNotFoundError",
    "TransactionClosedError",
    "UniqueKeyHeldError",
    "UnknownEventError",
    "UnknownKindError",
    "ViewerDroppedError",
    "WorkerNotStartedError",
    "WrongVersionError",
]

for _name in __all__:
    # Their names are recorded with jobs, so they are those of this package wherever a class stands in it.
    globals()[_name].__module__ = __name__
