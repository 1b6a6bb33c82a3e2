"""The list of jobs: any filter, in pages, newest or oldest first."""

from datetime import UTC, datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.console.page import redirect, render, site_of
from headrace.console.screens import job_query
from headrace.console.screens.known_kinds import known_kinds
from headrace.jobs.job import STATES
from headrace.jobs.search import search_jobs

_PAGE = 50


async def jobs(request: Request) -> Response:
    """A page of the jobs that fit; an id in the search field leads to the job itself."""
    site = site_of(request)
    asked = job_query.read(request.query_params, datetime.now(UTC))
    wanted = asked.given.get("text", "")
    if (job_id := _as_id(wanted)) is not None:
        return redirect(request, f"/jobs/{job_id}")
    seen = await site.pulse.current()
    async with site.app.pool.acquire() as connection:
        page = await search_jobs(connection, asked.filter, order=asked.order, after=asked.after, limit=_PAGE)
        kinds = await known_kinds(connection)
    return render(
        request,
        "console/jobs.html",
        page=page,
        asked=asked,
        states=STATES,
        kinds=kinds,
        queues=[queue.name for queue in seen.queues],
        live=site.pulse.values,
    )


def _as_id(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


ROUTES = [Route("/jobs", jobs)]
