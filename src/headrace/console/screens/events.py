"""The log: searched and followed, one event, one stream with its history, and read models as they were."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.console.page import render, site_of
from headrace.console.screens import fields
from headrace.console.screens.as_of import as_of
from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.events.browse import list_events
from headrace.events.event import Stream
from headrace.events.filter import EventFilter
from headrace.events.search import search_events, stream_page

_PACKAGE = "headrace.console.screens"
_PAGE = 50
_LARGEST = 2**63 - 1
_NAMES = ("type", "aggregate", "text", "user", "tenant", "since", "until")


async def events(request: Request) -> Response:
    """The newest events that fit; the first page grows while it is looked at."""
    site, query, now = site_of(request), request.query_params, datetime.now(UTC)
    given: dict[str, Any] = {name: value for name in _NAMES if (value := fields.text(query, name)) is not None}
    wanted = EventFilter(
        types=(given["type"],) if "type" in given else None,
        aggregate_type=given.get("aggregate"),
        tenant_id=given.get("tenant"),
        user_id=given.get("user"),
        since=fields.moment(query, "since", now),
        before=fields.moment(query, "until", now),
    )
    below = fields.number(query, "below", least=0, most=_LARGEST)
    async with site.app.pool.acquire() as connection:
        page = await search_events(connection, wanted, text=given.get("text"), below=below, limit=_PAGE)
        types = await _known_types(connection)
    return render(
        request,
        "console/events.html",
        page=page,
        given=given,
        shown={**dict.fromkeys(_NAMES, ""), **given},
        types=types,
        is_tail=below is None and not given.keys() - {"type", "aggregate", "since"},
        below=below,
    )


async def event(request: Request) -> Response:
    """One event with everything stored of it."""
    position: int = request.path_params["position"]
    if position > _LARGEST:
        raise HTTPException(404)
    site = site_of(request)
    async with site.app.pool.acquire() as connection:
        found = await list_events(connection, before=min(position + 1, _LARGEST), after=position - 1, limit=1)
    if not found:
        raise HTTPException(404)
    return render(request, "console/event.html", event=found[0], projections=_projections(request))


async def stream(request: Request) -> Response:
    """One stream, newest first, and what a read model made of it up to some event."""
    site, query = site_of(request), request.query_params
    kind, name = fields.text(query, "type"), fields.text(query, "id")
    tenant = fields.text(query, "tenant") or ""
    below = fields.number(query, "below", least=0, most=_LARGEST)
    at = fields.number(query, "at", least=0, most=_LARGEST)
    chosen = fields.text(query, "projection")
    if kind is None or name is None:
        return render(request, "console/stream_find.html", kind=kind, id=name)
    async with site.app.pool.acquire() as connection:
        page = await stream_page(connection, kind, name, tenant_id=tenant, below=below, limit=_PAGE)
    past: Mapping[str, Any] | None = None
    if chosen is not None and page.events:
        moment = page.events[0].position if at is None else at
        past = await as_of(site.app, chosen, moment, stream=Stream(kind, name), tenant_id=tenant)
    return render(
        request,
        "console/stream.html",
        page=page,
        stream={"type": kind, "id": name, "tenant": tenant},
        below=below,
        at=at,
        chosen=chosen,
        past=past,
        projection_choices=[(name, name) for name in _projections(request)],
        moments=[(str(one.position), f"{one.stream_version}: {one.type}") for one in page.events],
        projections=_projections(request),
    )


def _projections(request: Request) -> list[str]:
    """The read models that this app declares, which alone can be folded here."""
    return sorted({one.name for one in site_of(request).app.declarations})


async def _known_types(connection: Connection) -> list[str]:
    return [row["name"] for row in await connection.fetch(statement(_PACKAGE, "known_types"))]


ROUTES = [
    Route("/events", events),
    Route("/events/{position:int}", event),
    Route("/streams", stream),
]
