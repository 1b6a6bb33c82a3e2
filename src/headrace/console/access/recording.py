"""Records who changed what over HTTP, from where, and makes everything that follows name the request."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
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


@dataclass(slots=True)
class Recorded:
    """A request that is being recorded; whoever answers it sets the `status` it ends with, 200 where he does not."""

    id: UUID
    status: int = 200
    subject: dict[str, Any] = field(default_factory=dict[str, Any])


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
) -> AsyncGenerator[Recorded]:
    """Records what a principal does, for a block that does it; written before it begins, and again when it has ended.

    `action` is named as `jobs.cancel`, `subject` says to what. In the block the context has the request's id as
    correlation and cause, and the principal as actor: jobs, events, operations and actions made there name it.

        async with recorded(app, request, principal, "queues.pause", {"queue": name}):
            await app.queues.pause(name)
    """
    now = app.clock.override()
    record = Recorded(uuid7(), subject=dict(subject))
    async with app.pool.acquire() as connection:
        await connection.execute(
            statement(_PACKAGE, "record_request"),
            record.id,
            principal.name,
            principal.role,
            principal.token_id,
            action,
            _encode(record.subject),
            client_address(request),
            (request.headers.get("user-agent") or "")[:_MOST_AGENT].replace("\0", "") or None,
            now,
        )
    try:
        with bind(request_context(request, principal, record.id)):
            yield record
    except BaseException:
        record.status = max(record.status, _FAILED)
        raise
    finally:
        async with app.pool.acquire() as connection:
            await connection.execute(
                statement(_PACKAGE, "end_request"), record.id, record.status, _encode(record.subject), now
            )


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
