"""How a job ended, as one who waits for its result sees it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.errors import InvalidResultError, JobCancelledError, JobFailedError, JobNotFoundError
from headrace.jobs.codec import result_decoder
from headrace.jobs.job import State
from headrace.jobs.registry import Registry

_PACKAGE = "headrace.jobs"


@dataclass(frozen=True, slots=True)
class End:
    """What was found of one job: `kind` None where it is not stored, `state` None where it lives and is not marked."""

    job_id: UUID
    kind: str | None
    state: State | None
    result: str | None = None
    error: str | None = None


async def mark_awaited(connection: Connection, job_ids: Sequence[UUID]) -> None:
    """Lets whoever ends these jobs tell of it; one that is locked now has to be marked another time."""
    await connection.execute(statement(_PACKAGE, "mark_awaited"), job_ids)


async def find_ends(connection: Connection, job_ids: Sequence[UUID]) -> list[End]:
    """Those of these jobs that have ended, are not stored, or live without being marked."""
    rows = await connection.fetch(statement(_PACKAGE, "find_ends"), job_ids)
    return [End(row["job_id"], row["kind"], row["state"], row["result"], row["error"]) for row in rows]


def read_end(end: End, kinds: Registry, *, result_type: Any = UNSET) -> Any:
    """The result of a job that has ended.

    Raises JobNotFoundError, JobFailedError, JobCancelledError, InvalidResultError.
    """
    if end.kind is None:
        raise JobNotFoundError(end.job_id)
    if end.state != "completed":
        error_type = JobCancelledError if end.state == "cancelled" else JobFailedError
        stored = {} if end.error is None else msgspec.json.decode(end.error, type=dict[str, Any])
        raise error_type(end.job_id, kind=end.kind, state=str(end.state), error=stored)
    if end.result is None:
        return None
    decode = _decoder(end.kind, kinds) if result_type is UNSET else result_decoder(result_type)
    try:
        return decode(end.result)
    except (msgspec.MsgspecError, ValueError) as error:
        raise InvalidResultError(end.job_id, kind=end.kind, reason=str(error)) from error


def _decoder(kind: str, kinds: Registry) -> Callable[[str], Any]:
    return kinds.get(kind).decode_result if kind in kinds.names() else msgspec.json.decode
