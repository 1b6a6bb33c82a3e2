"""The kept logs of jobs: written in batches, read by console and command line."""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.jobs.job import Claim
from headrace.jobs.job_log import Line

_PACKAGE = "headrace.jobs"
_LAST_LINE = 2**31 - 1
START = (-1, -1)
_LEVELS = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}


class KeptLine(msgspec.Struct, frozen=True):
    """One line to keep, and the attempt it belongs to; `dropped_count` in the one that tells of missing lines."""

    claim: Claim
    line: Line
    dropped_count: int = 0


class LogLine(msgspec.Struct, frozen=True):
    """One line of a job's log as it is kept.

    (`lease`, `line`) is its place; an attempt that did not count has the number of the one after it.
    """

    lease: int
    line: int
    attempt: int
    logged_at: datetime
    level: str
    logger: str
    message: str
    dropped_count: int


def tell_dropped(claim: Claim, count: int, *, at: datetime) -> KeptLine:
    """The last line of a log that is not whole."""
    text = f"{count} more lines were not kept: the limits of the kind's LogPolicy, or the database was away for long"
    return KeptLine(claim, Line(_LAST_LINE, at, logging.WARNING, "headrace", text), count)


async def insert_lines(connection: Connection, lines: Sequence[KeptLine]) -> None:
    """Keeps lines; such as are kept already stay as they are."""
    await connection.execute(
        statement(_PACKAGE, "insert_log_lines"),
        [one.claim.job_id for one in lines],
        [one.claim.lease for one in lines],
        [one.line.number for one in lines],
        [one.claim.attempt for one in lines],
        [one.line.logged_at for one in lines],
        [one.line.level for one in lines],
        [one.line.logger for one in lines],
        [one.line.message for one in lines],
        [one.dropped_count for one in lines],
    )


async def read_log(
    connection: Connection,
    job_id: UUID,
    *,
    attempt: int | None = None,
    after: tuple[int, int] = START,
    limit: int = 1_000,
) -> list[LogLine]:
    """What a job logged, in order; `after` is the (`lease`, `line`) of the last one seen, to go on from."""
    rows = await connection.fetch(statement(_PACKAGE, "list_log_lines"), job_id, *after, attempt, limit)
    return [_line(row) for row in rows]


async def last_lines(connection: Connection, job_id: UUID, *, limit: int) -> list[LogLine]:
    """The last lines a job logged, in order."""
    rows = await connection.fetch(statement(_PACKAGE, "last_log_lines"), job_id, limit)
    return [_line(row) for row in reversed(rows)]


def _line(row: Row) -> LogLine:
    return LogLine(
        lease=row["lease"],
        line=row["line"],
        attempt=row["attempt"],
        logged_at=row["logged_at"],
        level=_LEVELS.get(row["level"], f"level {row['level']}"),
        logger=row["logger"],
        message=row["message"],
        dropped_count=row["dropped_count"],
    )
