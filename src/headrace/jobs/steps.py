"""Steps: parts of a handler whose results are kept, so that a later attempt does not do them again."""

import inspect
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.errors import StaleLeaseError
from headrace.jobs.codec import encode_json, holds_nul
from headrace.jobs.job import Claim
from headrace.jobs.outcome import UnstorableResult

_PACKAGE = "headrace.jobs"

STEP_LIMIT_BYTES = 256 * 1024

Connect = Callable[[], AbstractAsyncContextManager[Connection]]
InThread = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class StepDetail:
    """One finished step of a job, and the attempt that did it; not its result, which may be large."""

    name: str
    attempt: int
    ended_at: datetime
    duration: timedelta


async def run_step(
    connect: Connect,
    claim: Claim,
    name: str,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    *,
    result_type: Any,
    in_thread: InThread,
) -> Any:
    """See `Job.step`."""
    async with connect() as connection:
        kept = await connection.fetchval(statement(_PACKAGE, "find_step"), claim.job_id, name)
    if kept is not None:
        return msgspec.json.decode(kept, type=result_type)
    started = time.perf_counter()
    raw = _encoded(name, await _call(function, args, in_thread))
    # Decoded at once: the first attempt must see what the later ones will.
    result = msgspec.json.decode(raw, type=result_type)
    duration = timedelta(seconds=time.perf_counter() - started)
    async with connect() as connection:
        saved = await connection.fetchval(
            statement(_PACKAGE, "save_step"), claim.job_id, claim.lease, name, duration, raw
        )
    if saved is None:
        raise StaleLeaseError(claim.job_id, attempt=claim.attempt, lease=claim.lease)
    return result


async def list_steps(connection: Connection, job_id: UUID) -> list[StepDetail]:
    """The finished steps of a job, oldest first."""
    rows = await connection.fetch(statement(_PACKAGE, "list_steps"), job_id)
    return [StepDetail(row["name"], row["attempt"], row["ended_at"], row["duration"]) for row in rows]


async def forget_flows(connection: Connection, *, limit: int) -> int:
    """Deletes steps and dependencies of jobs that are no longer stored, at most `limit` of each; how many at most."""
    return int(await connection.fetchval(statement(_PACKAGE, "forget_flows"), limit))


async def _call(function: Callable[..., Any], args: tuple[Any, ...], in_thread: InThread) -> Any:
    if inspect.iscoroutinefunction(function):
        return await function(*args)
    found = await in_thread(function, *args)
    # A lambda around a coroutine function, or a partial of one.
    return await found if inspect.isawaitable(found) else found


def _encoded(name: str, result: Any) -> str:
    try:
        raw = encode_json(result)
    except Exception as error:
        raise UnstorableResult(f"the result of step {name!r} is not JSON: {error}") from error
    if len(raw) > STEP_LIMIT_BYTES:
        raise UnstorableResult(
            f"the result of step {name!r} has {len(raw)} bytes of JSON, the limit is {STEP_LIMIT_BYTES}; "
            "store the data and return its id"
        )
    text = raw.decode()
    if holds_nul(text):
        raise UnstorableResult(f"the result of step {name!r} holds the character U+0000, PostgreSQL cannot store it")
    return text
