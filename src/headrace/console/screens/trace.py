"""The trace of one correlation: from the request that began it to the last job, as a graph of causes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.console.graph import HEIGHT, WIDTH, draw
from headrace.console.page import principal_of, redirect, render, site_of
from headrace.console.screens import fields
from headrace.events.browse import EventDetail
from headrace.events.search import correlated_events
from headrace.events.senders import find_sender
from headrace.jobs.correlated import CorrelatedJob, correlated_jobs

MOST = 150
_LONGEST = 25


@dataclass(frozen=True, slots=True)
class Node:
    """One thing of a trace: a request, a job or an event; `state` is a job's, or `event` or `request`."""

    id: UUID
    state: str
    title: str
    note: str
    path: str | None
    at: datetime | None
    took: timedelta | None

    @property
    def short(self) -> str:
        """The title, as far as the box of the graph is wide."""
        return self.title if len(self.title) <= _LONGEST else self.title[: _LONGEST - 1] + "…"


async def trace(request: Request) -> Response:
    """The graph, and the same as a list in order of time."""
    correlation_id = fields.as_uuid(request.path_params["id"], "a correlation's id")
    async with site_of(request).app.pool.acquire() as connection:
        jobs = await correlated_jobs(connection, correlation_id, limit=MOST + 1)
        events = await correlated_events(connection, correlation_id, limit=MOST + 1)
        may_know = principal_of(request).may("operator", "events")
        sender = await find_sender(connection, correlation_id) if may_know else None
    nodes, edges = gather(jobs[:MOST], events[:MOST])
    return render(
        request,
        "console/trace.html",
        correlation_id=correlation_id,
        sender=sender,
        nodes=nodes,
        drawing=draw([node.id for node in nodes], edges),
        size=(WIDTH, HEIGHT),
        is_cut=len(jobs) > MOST or len(events) > MOST,
        most=MOST,
        span=_span(nodes),
    )


async def find(request: Request) -> Response:
    """Asks for an id, and leads to its trace."""
    correlation_id = fields.uuid(request.query_params, "id")
    if correlation_id is not None:
        return redirect(request, f"/trace/{correlation_id}")
    return render(request, "console/trace_find.html")


def gather(jobs: Sequence[CorrelatedJob], events: Sequence[EventDetail]) -> tuple[list[Node], list[tuple[UUID, UUID]]]:
    """The nodes in order of time, and the edges from cause to effect; what is not here any more is a bare node."""
    nodes = [
        *(
            Node(job.id, job.state, job.kind, job.state, f"/jobs/{job.id}", job.created_at, job.duration)
            for job in jobs
        ),
        *(
            Node(
                event.id,
                "event",
                event.type,
                f"{event.aggregate_type}/{event.aggregate_id}" if event.aggregate_type else "",
                f"/events/{event.position}",
                event.occurred_at,
                None,
            )
            for event in events
        ),
    ]
    known = {node.id for node in nodes}
    edges: list[tuple[UUID, UUID]] = []
    first: dict[UUID, Node] = {}
    for one in (*jobs, *events):
        cause = one.causation_id or (one.parent_id if isinstance(one, CorrelatedJob) else None)
        if cause is None or cause == one.id:
            continue
        edges.append((cause, one.id))
        if cause not in known:
            kind = one.causation_kind or "request"
            at = one.created_at if isinstance(one, CorrelatedJob) else one.occurred_at
            first.setdefault(cause, Node(cause, "request" if kind == "request" else "gone", kind, "", None, at, None))
    order = {node.id: index for index, node in enumerate(nodes)}
    return [*first.values(), *sorted(nodes, key=lambda node: (node.at, order[node.id]))], edges


def _span(nodes: Sequence[Node]) -> timedelta | None:
    """From the first thing to the last, with how long that ran."""
    moments = [node.at for node in nodes if node.at is not None]
    ends = [node.at + (node.took or timedelta(0)) for node in nodes if node.at is not None]
    return max(ends) - min(moments) if moments else None


ROUTES = [Route("/trace", find), Route("/trace/{id}", trace)]
