"""From facts to findings: what is wrong, how bad that is, and what to do next. Pure."""

from collections.abc import Iterator, Sequence
from itertools import chain

from headrace.doctor.facts import (
    Facts,
    Holder,
    Interrupted,
    Log,
    OpenWriter,
    Running,
    Server,
    Table,
    Worker,
)
from headrace.doctor.finding import Finding, Level
from headrace.doctor.judge_readers import judge_build, judge_subscriber, judge_unerased
from headrace.jobs.queues import QueueSummary

_OLDEST_SERVER = 150_000
_FEW_SESSIONS_LEFT = 0.9
_SKEW_SECONDS = 2.0
_LONG_SNAPSHOT_SECONDS = 300.0
_VERY_LONG_SNAPSHOT_SECONDS = 3_600.0
_SLOT_XIDS = 1_000_000
_MANY_DEAD = 100_000
_INDEX_BYTES_A_ROW = 2_000
_SMALL_INDEX_BYTES = 64 * 1024 * 1024
_LATE_BEATS_SECONDS = 5.0
_LONG_STOP_SECONDS = 300.0
_PAST_TIMEOUT_SECONDS = 60.0
_STILL_HEAD_SECONDS = 30.0


def judge(facts: Facts) -> list[Finding]:
    """The findings, the worst first; none where all is well."""
    order: dict[Level, int] = {"problem": 0, "warning": 1, "notice": 2}
    return sorted(_findings(facts), key=lambda one: order[one.level])


def _findings(facts: Facts) -> Iterator[Finding]:
    has_workers = any(worker.stopping_seconds is None for worker in facts.workers)
    yield from _server(facts.server)
    yield from _schema(facts)
    yield from chain.from_iterable(map(_holder, facts.holders))
    yield from chain.from_iterable(map(_table, facts.tables))
    yield from chain.from_iterable(_queue(queue, has_workers=has_workers) for queue in facts.queues)
    yield from (_unhandled(kind, count) for kind, count in facts.unhandled)
    yield from chain.from_iterable(map(_worker, facts.workers))
    yield from chain.from_iterable(map(_running, facts.running))
    if facts.log is not None:
        yield from _log(facts.log, facts.open_writers)
    yield from chain.from_iterable(judge_subscriber(one, has_workers=has_workers) for one in facts.subscribers)
    yield from chain.from_iterable(judge_build(one, has_workers=has_workers) for one in facts.builds)
    yield from chain.from_iterable(judge_unerased(one, has_workers=has_workers) for one in facts.unerased)
    yield from map(_interrupted, facts.interrupted)


def _schema(facts: Facts) -> Iterator[Finding]:
    if facts.pending:
        yield Finding(
            "problem", "schema", f"migrations are missing: {', '.join(facts.pending)}", "run `headrace db migrate`"
        )
    if facts.missing_partitions:
        yield Finding(
            "warning",
            "partitions",
            f"there is no partition {', '.join(facts.missing_partitions)}",
            "start a worker: workers make partitions ahead; until then rows wait in the default partitions",
        )
    if facts.stray_count:
        yield Finding(
            "notice",
            "partitions",
            f"{facts.stray_count} jobs are in the default partition",
            "none, if workers were away for days; they go as retention says",
        )


def _unhandled(kind: str, count: int) -> Finding:
    return Finding(
        "problem",
        f"kind {kind}",
        f"{count} due jobs are of a kind no worker handles",
        f"start a worker whose app registers it, or cancel them: `headrace jobs bulk cancel --kind {kind}`",
    )


def _interrupted(one: Interrupted) -> Finding:
    return Finding(
        "warning",
        f"operation {one.id}",
        f"{one.action} by {one.actor} has seen {one.seen_count} of {one.total_count} jobs and does not go on",
        f"`headrace operations resume {one.id}`",
    )


def _server(server: Server) -> Iterator[Finding]:
    if server.version < _OLDEST_SERVER:
        yield Finding("problem", "server", f"PostgreSQL {server.version // 10_000} is too old", "use 15 or later")
    if server.is_replica:
        yield Finding("problem", "server", "it is a replica and takes no writes", "connect to the primary")
    if not server.has_fsync:
        yield Finding("problem", "server", "fsync is off: a crash may destroy the data", "set fsync = on")
    if server.synchronous_commit == "off":
        yield Finding(
            "warning",
            "server",
            "synchronous_commit is off: a crash may lose the last commits",
            "set it to on or local, at least for the role of the app",
        )
    if not server.has_autovacuum:
        yield Finding(
            "problem",
            "server",
            "autovacuum or track_counts is off: dead rows are never cleared away and claims become slow",
            "set both to on",
        )
    if server.session_count > server.most_sessions * _FEW_SESSIONS_LEFT:
        yield Finding(
            "warning",
            "server",
            f"{server.session_count} of {server.most_sessions} sessions are taken",
            "raise max_connections, or lower pool_size or the number of processes",
        )
    if abs(server.skew_seconds) > _SKEW_SECONDS:
        yield Finding(
            "warning",
            "clock",
            f"the server's clock is {server.skew_seconds:+.1f} s from this machine's",
            "set both by NTP; due times go by the server's clock, ids by that of whoever enqueues",
        )


def _holder(holder: Holder) -> Iterator[Finding]:
    is_old = holder.age_seconds is not None and holder.age_seconds > _LONG_SNAPSHOT_SECONDS
    if not is_old and holder.xid_age < _SLOT_XIDS:
        return
    level: Level = "warning"
    if holder.age_seconds is None or holder.age_seconds > _VERY_LONG_SNAPSHOT_SECONDS:
        level = "problem"
    age = "" if holder.age_seconds is None else f" for {holder.age_seconds / 60:.0f} min"
    who = f"{holder.kind} {holder.name}" + (f" of {holder.application}" if holder.application else "")
    what = f": {' '.join(holder.query.split())}" if holder.query else ""
    steps = {
        "session": "end it, or `SELECT pg_terminate_backend(...)` with its process number",
        "prepared transaction": "commit it or roll it back by its name: ROLLBACK PREPARED '...'",
    }
    yield Finding(
        level,
        "vacuum",
        f"{who} keeps dead rows from being cleared away{age}, {holder.xid_age} transactions back{what}",
        steps.get(holder.kind, "let its reader catch up, or drop it: SELECT pg_drop_replication_slot('...')"),
    )


def _table(table: Table) -> Iterator[Finding]:
    if table.dead_count > _MANY_DEAD and table.dead_count > table.live_count:
        when = (
            "never vacuumed"
            if table.vacuumed_seconds_ago is None
            else f"last vacuumed {table.vacuumed_seconds_ago / 60:.0f} min ago"
        )
        yield Finding(
            "warning",
            f"table {table.name}",
            f"{table.dead_count} dead rows beside {table.live_count} living ones, {when}",
            f"see who holds old snapshots, then VACUUM headrace.{table.name}",
        )
    is_bloated = table.index_bytes > max(_SMALL_INDEX_BYTES, table.live_count * _INDEX_BYTES_A_ROW)
    if is_bloated:
        yield Finding(
            "warning",
            f"table {table.name}",
            f"its indexes take {table.index_bytes // 1_048_576} MB for {table.live_count} rows",
            f"REINDEX TABLE CONCURRENTLY headrace.{table.name}",
        )


def _queue(queue: QueueSummary, *, has_workers: bool) -> Iterator[Finding]:
    if queue.paused_at is not None:
        yield Finding(
            "notice",
            f"queue {queue.name}",
            f"paused by {queue.paused_by} since {queue.paused_at.isoformat()}, {queue.due_count} jobs due",
            f"`headrace queues resume {queue.name}` when the reason is gone",
        )
    elif queue.due_count and not queue.worker_count:
        why = "no worker serves it" if has_workers else "no worker runs at all"
        yield Finding(
            "problem",
            f"queue {queue.name}",
            f"{queue.due_count} jobs are due and {why}",
            "start a worker that serves it",
        )


def _worker(worker: Worker) -> Iterator[Finding]:
    who = f"worker {worker.id}"
    if worker.heartbeat_seconds_ago > worker.lease_seconds:
        yield Finding(
            "warning",
            who,
            f"process {worker.pid} of {worker.app} on {worker.host} gives no sign of life "
            f"for {worker.heartbeat_seconds_ago:.0f} s",
            "a running worker puts its jobs back; where none runs, start one",
        )
    elif worker.heartbeat_seconds_ago > _LATE_BEATS_SECONDS:
        yield Finding(
            "notice",
            who,
            f"its last sign of life is {worker.heartbeat_seconds_ago:.0f} s old",
            f"look whether its machine, {worker.host}, is overloaded or cut off",
        )
    if worker.stopping_seconds is not None and worker.stopping_seconds > _LONG_STOP_SECONDS:
        yield Finding(
            "notice",
            who,
            f"it has been stopping for {worker.stopping_seconds / 60:.0f} min",
            "it waits for jobs that do not end; a second SIGTERM interrupts them",
        )


def _running(running: Running) -> Iterator[Finding]:
    limit = running.timeout_seconds
    if limit is not None and running.longest_seconds > limit + _PAST_TIMEOUT_SECONDS:
        yield Finding(
            "warning",
            f"kind {running.kind}",
            f"job {running.oldest_id} has been held for {running.longest_seconds:.0f} s, its timeout is {limit:.0f} s",
            "a plain function cannot be interrupted, and a blocked event loop interrupts nobody: see what it does",
        )


def _log(log: Log, writers: Sequence[OpenWriter]) -> Iterator[Finding]:
    behind = log.newest - log.position
    if not behind or log.settled_seconds_ago <= _STILL_HEAD_SECONDS:
        return
    fact = f"the safe head has stood still for {log.settled_seconds_ago:.0f} s, {behind} positions behind"
    if not writers:
        yield Finding("problem", "events", fact, "start a worker; nobody has a transaction open that writes events")
        return
    # The longest first: those after it may have begun when the head stood already.
    first = writers[0]
    who = f"{first.kind} {first.name}" + (f" of {first.application}" if first.application else "")
    age = "" if first.age_seconds is None else f" for {first.age_seconds:.0f} s"
    more = f", and {len(writers) - 1} more" if len(writers) > 1 else ""
    what = f": {' '.join(first.query.split())}" if first.query else ""
    quoted = first.name.replace("'", "''")
    steps = {
        "process": f"let it commit or roll back, or end it: SELECT pg_terminate_backend({first.name})",
        "prepared transaction": f"COMMIT PREPARED '{quoted}', or ROLLBACK PREPARED '{quoted}'",
    }
    yield Finding(
        "problem",
        "events",
        f"{fact}; {who} has had a transaction open{age} that writes events{more}{what}",
        steps[first.kind],
    )
