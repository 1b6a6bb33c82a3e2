"""What the doctor looks at: rows of the server's views and of the engine's tables."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from headrace.jobs.queues import QueueSummary


@dataclass(frozen=True, slots=True)
class Server:
    """The server; `skew_seconds` is how far its clock is before this machine's, half the way there left out."""

    version: int
    is_replica: bool
    has_fsync: bool
    synchronous_commit: str
    has_autovacuum: bool
    most_sessions: int
    session_count: int
    moment: datetime
    skew_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Holder:
    """Who keeps dead rows from being cleared away."""

    kind: str
    name: str
    application: str | None
    query: str | None
    age_seconds: float | None
    xid_age: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table that changes often; sizes in bytes."""

    name: str
    live_count: int
    dead_count: int
    vacuumed_seconds_ago: float | None
    table_bytes: int
    index_bytes: int


@dataclass(frozen=True, slots=True)
class Worker:
    """A registered worker process."""

    id: int
    app: str
    host: str
    pid: int
    heartbeat_seconds_ago: float
    lease_seconds: float
    stopping_seconds: float | None


@dataclass(frozen=True, slots=True)
class Running:
    """The running jobs of a kind; `timeout_seconds` None where this app does not know it, or it has none."""

    kind: str
    count: int
    longest_seconds: float
    oldest_id: UUID
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """The event log."""

    position: int
    newest: int
    settled_seconds_ago: float


@dataclass(frozen=True, slots=True)
class OpenWriter:
    """Who has written events in a transaction still open: a `process` by its pid, or a `prepared transaction`."""

    kind: str
    name: str
    application: str | None
    query: str | None
    age_seconds: float | None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A durable reader of the log; `is_served` where a worker has its handler, or it is a relay's."""

    name: str
    position: int
    behind_count: int
    failure_count: int
    error: str | None
    parked_count: int = 0
    is_served: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFacts:
    """A build of a projection; `is_served` where a worker has its fold, `postponed_by` why it is not shown yet."""

    projection: str
    build: int
    version: int
    state: str
    position: int
    behind_count: int
    failure_count: int = 0
    error: str | None = None
    parked_count: int = 0
    is_served: bool = True
    is_paused: bool = False
    still_seconds: float = 0.0
    postponed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Unerased:
    """A read model that may hold values of `count` erased subjects, one of which is `subject`.

    `standing` is "unasked" where nobody has asked for its rebuild, "waiting" while the job lives, and otherwise how
    `job_id`, one of the jobs, ended, or "gone". `is_served` where a worker has a fold of it.
    """

    projection: str
    standing: str
    count: int
    job_id: UUID | None
    subject: str
    is_served: bool


@dataclass(frozen=True, slots=True)
class Interrupted:
    """An operation that has not ended."""

    id: UUID
    action: str
    actor: str
    seen_count: int
    total_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All of it; the schema's steps that are pending come alone, since the rest cannot be looked at then."""

    server: Server
    pending: tuple[str, ...] = ()
    holders: tuple[Holder, ...] = ()
    tables: tuple[Table, ...] = ()
    missing_partitions: tuple[str, ...] = ()
    stray_count: int = 0
    queues: tuple[QueueSummary, ...] = ()
    unhandled: tuple[tuple[str, int], ...] = ()
    workers: tuple[Worker, ...] = ()
    running: tuple[Running, ...] = ()
    log: Log | None = None
    open_writers: tuple[OpenWriter, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()
    builds: tuple[BuildFacts, ...] = ()
    unerased: tuple[Unerased, ...] = ()
    interrupted: tuple[Interrupted, ...] = ()
