"""The log over HTTP: read it, look at one event, append, and the schemas of its types."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query
from pydantic import Field

from headrace.app import Headrace
from headrace.console.access.problem import Problem, ProblemError
from headrace.console.api.need import needs
from headrace.console.api.page import LARGEST, Body, Cursor, Limit, Listed, Moment, Name, Page, Position, cursor_number
from headrace.context import bind
from headrace.errors import InvalidEventError
from headrace.events.browse import EventDetail, list_events
from headrace.events.codec import DATA_ERRORS, codec_for
from headrace.events.event import ANY, Stream
from headrace.events.filter import EventFilter
from headrace.events.json_schema import json_schema
from headrace.events.search import search_events
from headrace.events.senders import find_sender


class StreamGiven(Body):
    """A stream: the kind of thing and which one."""

    aggregate_type: Name
    aggregate_id: Name


class NewEvent(Body):
    """An event to append. `expected` is the version its stream must be at: -1 any, 0 none yet."""

    type: Name
    data: Any
    stream: StreamGiven | None = None
    expected: int = Field(default=ANY, ge=-1, le=LARGEST)
    event_id: UUID | None = None
    occurred_at: Moment | None = None
    tenant_id: str = Field(default="", max_length=200)
    user_id: str | None = Field(default=None, max_length=200)


@dataclass(frozen=True, slots=True)
class AppendedEvent:
    """The id of what was appended."""

    id: UUID


@dataclass(frozen=True, slots=True)
class SenderDetail:
    """An address and a browser, as the server was told them."""

    ip_address: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class EventTypeDetail:
    """An event type that this app registers: its version, how long it is kept, and the JSON Schema of its data."""

    name: str
    version: int
    retention: str
    schema: dict[str, Any]


def event_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes of events."""

    @router.get("/events", **needs("viewer", "events"))
    async def list_(  # noqa: PLR0917 - FastAPI calls it by name
        type: Annotated[list[Name] | None, Query(max_length=100)] = None,  # noqa: A002 - the word the document has
        correlation: UUID | None = None,
        aggregate_type: Annotated[str | None, Query(max_length=200)] = None,
        aggregate_id: Annotated[str | None, Query(max_length=500)] = None,
        after: Annotated[Position | None, Query(description="Only positions above this one.")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[EventDetail]:
        """Events as they are stored, newest first, up to the safe head.

        Those of one correlation are looked up. For others the log is walked for a bounded time: a page may have few of
        them or none, and still a `next` that goes on.
        """
        before = cursor_number(cursor)
        async with app.pool.acquire() as connection:
            if correlation is None:
                page = await search_events(
                    connection,
                    EventFilter(types=None if type is None else tuple(type), aggregate_type=aggregate_type),
                    aggregate_id=aggregate_id,
                    above=after or 0,
                    below=before,
                    limit=limit,
                )
                return Page(list(page.events), None if page.following is None else str(page.following))
            found = await list_events(
                connection,
                types=type,
                correlation_id=correlation,
                aggregate_type=aggregate_type,
                aggregate_id=aggregate_id,
                after=after,
                before=before,
                limit=limit,
            )
        return Page(found, str(found[-1].position) if len(found) == limit else None)

    @router.get("/events/{position}", **needs("viewer", "events"))
    async def show(position: Annotated[int, Path(ge=1, le=LARGEST - 1)]) -> EventDetail:
        """The event at a position."""
        async with app.pool.acquire() as connection:
            found = await list_events(connection, before=position + 1, after=position - 1, limit=1)
        if not found:
            raise ProblemError(Problem(404, f"there is no event at position {position}, or it cannot be read yet"))
        return found[0]

    @router.get("/senders/{correlation_id}", **needs("operator", "events"))
    async def sender(correlation_id: UUID) -> SenderDetail:
        """Where the request that began a correlation came from, as long as it is kept."""
        async with app.pool.acquire() as connection:
            found = await find_sender(connection, correlation_id)
        if found is None:
            raise ProblemError(Problem(404, f"nothing is kept of where correlation {correlation_id} came from"))
        return SenderDetail(found.ip_address, found.user_agent)

    @router.post("/events", status_code=201, **needs("admin", "events"))
    async def append(given: NewEvent) -> AppendedEvent:
        """Appends an event of a type that this app registers, checked against its class."""
        stream = given.stream
        with bind(tenant_id=given.tenant_id, user_id=given.user_id):
            event_id = await app.append(
                _decoded(app, given.type, given.data),
                stream=None if stream is None else Stream(stream.aggregate_type, stream.aggregate_id),
                expected=given.expected,
                event_id=given.event_id,
                occurred_at=given.occurred_at,
            )
        return AppendedEvent(event_id)

    @router.get("/event-types", **needs("viewer", "events"))
    async def types() -> Listed[EventTypeDetail]:
        """The event types that this app registers."""
        return Listed(
            [
                EventTypeDetail(stamp.name, stamp.version, stamp.retention, json_schema(stamp, cls))
                for stamp, cls in app.events.classes()
            ]
        )


def _decoded(app: Headrace, name: str, data: Any) -> object:
    known = {stamp.name: cls for stamp, cls in app.events.classes()}
    if name not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise ProblemError(Problem(422, f"event type {name!r} is not registered (known: {listed})"))
    try:
        return codec_for(known[name]).decode(msgspec.json.encode(data))
    except DATA_ERRORS as error:
        raise InvalidEventError(name, str(error)) from error
