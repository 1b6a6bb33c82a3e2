"""Operations over HTTP: what is done to many jobs, how far it is, and how it goes on in the background."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from headrace.app import Headrace
from headrace.console.api.need import needs
from headrace.console.api.page import Body, Cursor, Limit, Page, cursor_id
from headrace.jobs.operation import Operation

BEGUN: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "Recorded, and going on in the background.",
        "headers": {"Location": {"description": "Where it is told how far it is.", "schema": {"type": "string"}}},
    }
}
"""The further answer of a route that `lead_to` answers."""


class Resuming(Body):
    """How to go on with an operation: with the answer when it has ended, or without `wait` at once."""

    wait: bool = True


def operation_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes of operations."""

    @router.get("/operations", **needs("viewer", "operations"))
    async def operations(cursor: Cursor = None, limit: Limit = 50) -> Page[Operation]:
        """Who did what to queues and to many jobs, newest first."""
        found = await app.operations.all(before=cursor_id(cursor), limit=limit)
        return Page(found, str(found[-1].id) if len(found) == limit else None)

    @router.get("/operations/{operation_id}", **needs("viewer", "operations"))
    async def operation(operation_id: UUID) -> Operation:
        """One operation, as far as it is: how many jobs it has changed of how many, and whether it has ended."""
        return await app.operations.get(operation_id)

    @router.post("/operations/{operation_id}/resume", responses=BEGUN, **needs("operator", "operations"))
    async def resume_operation(
        request: Request, response: Response, operation_id: UUID, wanted: Resuming | None = None
    ) -> Operation:
        """Goes on with an operation that was interrupted, to its end; with `wait` false in the background."""
        if wanted is None or wanted.wait:
            return await app.operations.resume(operation_id)
        operation = await app.operations.get(operation_id)
        app.operations.go_on(operation_id)
        lead_to(request, response, operation_id)
        return operation


def lead_to(request: Request, response: Response, operation_id: UUID) -> str:
    """Makes it an answer that comes before the work is done; the address that tells how far that is."""
    address = f"{request.scope.get('root_path', '')}/operations/{operation_id}"
    response.status_code = HTTPStatus.ACCEPTED
    response.headers["location"] = address
    return address
