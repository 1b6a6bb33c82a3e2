"""Headrace: durable background jobs and events on PostgreSQL, in async Python."""

from headrace.app import Headrace
from headrace.cleanup import Cleaned
from headrace.clock import Clock, SystemClock
from headrace.context import Context, Sender, bind, current
from headrace.db.address import database_address
from headrace.db.connection import Connection, Row
from headrace.db.database import at_database, fresh_database
from headrace.db.migrate import MigrationSet, migrate, migration_status
from headrace.db.statements import statement
from headrace.errors import (
    ChildDiedError,
    ChildError,
    ConfigurationError,
    EventIdTakenError,
    HeadraceError,
    ImportStoppedError,
    InvalidArgsError,
    InvalidEventError,
    InvalidResultError,
    JobCancelledError,
    JobFailedError,
    JobNotEndedError,
    JobNotFoundError,
    LimitNotFoundError,
    NoResultError,
    NotInChildError,
    OperationNotFoundError,
    ParkedStreamNotFoundError,
    ProjectionNotFoundError,
    ReplayNotFoundError,
    ScheduleExistsError,
    ScheduleNotFoundError,
    SchemaError,
    SecretKeyError,
    StaleLeaseError,
    SubjectNotFoundError,
    SubscriptionNotFoundError,
    SubscriptionServedError,
    TokenNotFoundError,
    TransactionClosedError,
    UniqueKeyHeldError,
    UnknownEventError,
    UnknownKindError,
    ViewerDroppedError,
    WorkerNotStartedError,
    WrongVersionError,
)
from headrace.events.archive_file import ArchiveError
from headrace.events.browse import count_events
from headrace.events.cascade import CascadeError
from headrace.events.event import ANY, NONE, StoredEvent, Stream, event
from headrace.events.filter import EventFilter
from headrace.events.lifecycle import JobCancelled, JobCompleted, JobDead, JobEnqueued, JobFailed, JobRetrying
from headrace.events.live.filter import LiveFilter
from headrace.events.live.live_events import LiveEvents
from headrace.events.middleware import EventDraft
from headrace.events.past import Imported, PastEvent
from headrace.events.personal import Personal
from headrace.events.restore import ArchivedPartition, Restored, list_archived, read_archive, restore_archive
from headrace.events.retention import EventRetention
from headrace.events.search import EventPage, search_events
from headrace.events.stream_fold import FoldedStream, StreamFold
from headrace.events.subject import SubjectErased
from headrace.ids import uuid7
from headrace.jobs.browse import count_failures, count_jobs, list_jobs, list_workers
from headrace.jobs.dependencies import DependencyResult
from headrace.jobs.explain import explain
from headrace.jobs.flow import Flow
from headrace.jobs.group import Call, Group
from headrace.jobs.handle import Job
from headrace.jobs.interruption import Interrupted
from headrace.jobs.job import Enqueued, JobHandle, Priority, Unique
from headrace.jobs.json_formatter import JsonFormatter
from headrace.jobs.limit import Limit, Rate
from headrace.jobs.log_policy import LogPolicy
from headrace.jobs.logs import LogLine, read_log
from headrace.jobs.operation import Operation
from headrace.jobs.outcome import Cancel, Discard, Retry, Snooze
from headrace.jobs.queues import QueueSummary
from headrace.jobs.retention import Retention
from headrace.jobs.retry import RetryPolicy
from headrace.jobs.schedule import Schedule, Tick
from headrace.jobs.selection import JobFilter
from headrace.jobs.tree import cancel_tree, retry_tree
from headrace.jobs.worker_options import WorkerOptions
from headrace.keyring import KeyRing, KeyService, new_key
from headrace.telemetry import Record, Telemetry
from headrace.transaction import Transaction

__all__ = [
    "ANY",
    "NONE",
    "ArchiveError",
    "ArchivedPartition",
    "Call",
    "Cancel",
    "CascadeError",
    "ChildDiedError",
    "ChildError",
    "Cleaned",
    "Clock",
    "ConfigurationError",
    "Connection",
    "Context",
    "DependencyResult",
    "Discard",
    "Enqueued",
    "EventDraft",
    "EventFilter",
    "EventIdTakenError",
    "EventPage",
    "EventRetention",
    "Flow",
    "FoldedStream",
    "Group",
    "Headrace",
    "HeadraceError",
    "ImportStoppedError",
    "Imported",
    "Interrupted",
    "InvalidArgsError",
    "InvalidEventError",
    "InvalidResultError",
    "Job",
    "JobCancelled",
    "JobCancelledError",
    "JobCompleted",
    "JobDead",
    "JobEnqueued",
    "JobFailed",
    "JobFailedError",
    "JobFilter",
    "JobHandle",
    "JobNotEndedError",
    "JobNotFoundError",
    "JobRetrying",
    "JsonFormatter",
    "KeyRing",
    "KeyService",
    "Limit",
    "LimitNotFoundError",
    "LiveEvents",
    "LiveFilter",
    "LogLine",
    "LogPolicy",
    "MigrationSet",
    "NoResultError",
    "NotInChildError",
    "Operation",
    "OperationNotFoundError",
    "ParkedStreamNotFoundError",
    "PastEvent",
    "Personal",
    "Priority",
    "ProjectionNotFoundError",
    "QueueSummary",
    "Rate",
    "Record",
    "ReplayNotFoundError",
    "Restored",
    "Retention",
    "Retry",
    "RetryPolicy",
    "Row",
    "Schedule",
    "ScheduleExistsError",
    "ScheduleNotFoundError",
    "SchemaError",
    "SecretKeyError",
    "Sender",
    "Snooze",
    "StaleLeaseError",
    "StoredEvent",
    "Stream",
    "StreamFold",
    "SubjectErased",
    "SubjectNotFoundError",
    "SubscriptionNotFoundError",
    "SubscriptionServedError",
    "SystemClock",
    "Telemetry",
    "Tick",
    "TokenNotFoundError",
    "Transaction",
    "TransactionClosedError",
    "Unique",
    "UniqueKeyHeldError",
    "UnknownEventError",
    "UnknownKindError",
    "ViewerDroppedError",
    "WorkerNotStartedError",
    "WorkerOptions",
    "WrongVersionError",
    "at_database",
    "bind",
    "cancel_tree",
    "count_events",
    "count_failures",
    "count_jobs",
    "current",
    "database_address",
    "event",
    "explain",
    "fresh_database",
    "list_archived",
    "list_jobs",
    "list_workers",
    "migrate",
    "migration_status",
    "new_key",
    "read_archive",
    "read_log",
    "restore_archive",
    "retry_tree",
    "search_events",
    "statement",
    "uuid7",
]
