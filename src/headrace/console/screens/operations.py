"""What was done, by whom, from where: operations on many jobs with their progress, and every action over HTTP."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.console.access import list_requests, recorded
from headrace.console.page import principal_of, redirect, render, site_of
from headrace.console.screens import fields
from headrace.jobs.operation import chosen_ids

_PAGE = 30


async def operations(request: Request) -> Response:
    """The newest operations and actions."""
    app = site_of(request).app
    before = fields.uuid(request.query_params, "before")
    actor = fields.text(request.query_params, "actor")
    found = await app.operations.all(before=before, limit=_PAGE + 1)
    async with app.pool.acquire() as connection:
        requests = await list_requests(connection, actor=actor, before=before, limit=_PAGE + 1)
    ids = sorted([one.id for one in found[:_PAGE]] + [one.id for one in requests[:_PAGE]], reverse=True)
    has_more = len(found) > _PAGE or len(requests) > _PAGE
    # One cursor for both lists: behind the shorter of them, so that neither skips anything.
    ends = [rows[_PAGE - 1].id for rows in (found, requests) if len(rows) > _PAGE]
    following = max(ends) if has_more and ids else None
    return render(
        request,
        "console/operations.html",
        operations=[one for one in found[:_PAGE] if following is None or one.id >= following],
        requests=[one for one in requests[:_PAGE] if following is None or one.id >= following],
        following=following,
        before=before,
        actor=actor or "",
    )


async def operation(request: Request) -> Response:
    """One operation: how far it is, and what it was done to."""
    operation_id = fields.as_uuid(request.path_params["id"], "an operation's id")
    found = await site_of(request).app.operations.get(operation_id)
    return render(request, "console/operation.html", operation=found, chosen_count=len(chosen_ids(found)))


async def resume(request: Request) -> Response:
    """Goes on with one that was interrupted."""
    site, principal = site_of(request), principal_of(request)
    operation_id = fields.as_uuid(request.path_params["id"], "an operation's id")
    await site.app.operations.get(operation_id)
    async with recorded(site.app, request, principal, "operations.resume", {"operation": operation_id}):
        site.app.operations.go_on(operation_id)
    return redirect(request, f"/operations/{operation_id}")


ROUTES = [
    Route("/operations", operations),
    Route("/operations/{id}", operation),
    Route("/operations/{id}/resume", resume, methods=["POST"]),
]
