"""Records who changed what over HTTP, from where, and makes everything that follows name the request."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import HTTPConnection

from headrace.app import Headrace
from headrace.console.access.principal import Principal, Role
from headrace.context import Context, bind
from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.ids import uuid7

_PACKAGE = "headrace.console.access"
_FAILED = 500
_MOST_ADDRESS = 100
_MOST_AGENT = 500
_LONGEST_TRACEPARENT = 55

ANSWERS_KEPT = timedelta(days=1)
ADDRESSES_KEPT = timedelta(days=30)
REQUESTS_KEPT = timedelta(days=400)
_FORGET_EVERY = 64
_FORGET_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Key:
    """What a client names its request by, so that it is done once however often it is sent.

    `fingerprint` is the SHA-256 of what is asked: the same key for something else is an error.
    """

    text: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Earlier:
    """A request that came before under the same key; `status` is None while nobody knows what came of it."""

    fingerprint: bytes
    status: int | None
    answer: bytes | None


@dataclass(slots=True)
class Recorded:
    """A request that is being recorded; whoever answers it sets the `status` it ends with, 200 where he does not.

    `answer` is kept for repetitions under the request's key. Where this is one, `earlier` is the first, and nothing
    is to be done. An answer that `is_secret` is not kept.
    """

    id: UUID
    status: int = 200
    subject: dict[str, Any] = field(default_factory=dict[str, Any])
    answer: bytes | None = None
    is_secret: bool = False
    earlier: Earlier | None = None


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request that changed something, or tried to. `status` is None while it goes on, and after a crash."""

    id: UUID
    actor: str
    role: Role
    token_id: UUID | None
    action: str
    subject: dict[str, Any]
    ip_address: str | None
    user_agent: str | None
    begun_at: datetime
    ended_at: datetime | None
    status: int | None


@asynccontextmanager
async def recorded(
    app: Headrace,
    request: HTTPConnection,
    principal: Principal,
    action: str,
    subject: Mapping[str, Any],
    *,
    key: Key | None = None,
) -> AsyncGenerator[Recorded]:
    """Records what a principal does, for a block that does it; written before it begins, and again when it has ended.

    `action` is named as `jobs.cancel`, `subject` says to what. In the block the context has the request's id as
    correlation and cause, and the principal as actor: jobs, events, operations and actions made there name it.
    A key is given back where the request ends with an error: then nothing was done, and it may be tried again.

        async with recorded(app, request, principal, "queues.pause", {"queue": name}):
            await app.queues.pause(name)
    """
    now = app.clock.override()
    record = Recorded(uuid7(), subject=dict(subject))
    async with app.pool.acquire() as connection:
        begun = await connection.fetchval(
            statement(_PACKAGE, "record_request"),
            record.id,
            principal.name,
            principal.role,
            principal.token_id,
            action,
            _encode(record.subject),
            client_address(request),
            (request.headers.get("user-agent") or "")[:_MOST_AGENT].replace("\0", "") or None,
            None if key is None else key.text,
            None if key is None else key.fingerprint,
            now,
        )
        if key is not None and begun is None:
            record.earlier = await _earlier(connection, principal, key)
    if record.earlier is not None:
        yield record
        return
    try:
        with bind(request_context(request, principal, record.id)):
            yield record
    except BaseException:
        record.status = max(record.status, _FAILED)
        raise
    finally:
        async with app.pool.acquire() as connection:
            await connection.execute(
                statement(_PACKAGE, "end_request"),
                record.id,
                record.status,
                _encode(record.subject),
                None if record.is_secret else record.answer,
                now,
            )
            if record.id.int % _FORGET_EVERY == 0:
                await forget_requests(connection, now=now)


async def forget_requests(connection: Connection, *, now: datetime | None = None) -> None:
    """Forgets what is kept no longer of some requests: keys with answers, then addresses, then the rows."""
    for query, age in (
        (statement(_PACKAGE, "forget_answers"), ANSWERS_KEPT),
        (statement(_PACKAGE, "forget_addresses"), ADDRESSES_KEPT),
        (statement(_PACKAGE, "forget_requests"), REQUESTS_KEPT),
    ):
        await connection.execute(query, age, _FORGET_BATCH, now)


async def _earlier(connection: Connection, principal: Principal, key: Key) -> Earlier:
    row = await connection.fetchrow(statement(_PACKAGE, "find_answer"), principal.name, key.text)
    # It was given back meanwhile: the next try finds it free.
    return Earlier(key.fingerprint, None, None) if row is None else Earlier(*row)


async def list_requests(
    connection: Connection, *, actor: str | None = None, before: UUID | None = None, limit: int = 50
) -> list[RequestRecord]:
    """What was changed over HTTP, newest first; `before` continues after the last id of a page."""
    rows = await connection.fetch(statement(_PACKAGE, "list_requests"), actor, before, limit)
    return [RequestRecord(**{**dict(row.items()), "subject": msgspec.json.decode(row["subject"])}) for row in rows]


def request_context(request: HTTPConnection, principal: Principal, request_id: UUID) -> Context:
    """What everything made by a request inherits: the trace it came with, who sent it, and its id as the cause."""
    traceparent = request.headers.get("traceparent")
    return Context(
        correlation_id=request_id,
        causation_id=request_id,
        causation_kind="request",
        actor=principal.name,
        traceparent=traceparent if traceparent and len(traceparent) == _LONGEST_TRACEPARENT else None,
    )


def client_address(request: HTTPConnection) -> str | None:
    """The address a request came from, as the server tells it. A server behind a proxy is told whom to believe."""
    return None if request.client is None else request.client.host[:_MOST_ADDRESS]


def _encode(subject: Mapping[str, Any]) -> str:
    return msgspec.json.encode(dict(subject)).decode().replace("\\u0000", "")
