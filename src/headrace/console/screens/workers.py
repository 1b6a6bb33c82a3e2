"""Workers: which processes there are, whether they live, and what each runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.console.page import render, site_of
from headrace.db.connection import Connection
from headrace.db.statements import statement

_PACKAGE = "headrace.console.screens"
_MOST_HELD = 20


@dataclass(frozen=True, slots=True)
class Held:
    """A job that a worker has claimed: it runs, or is about to."""

    worker_id: int
    job_id: UUID
    kind: str
    attempt: int
    claimed_at: datetime
    done: int | None
    total: int | None


async def workers(request: Request) -> Response:
    """The workers there are, oldest first, with the jobs each has held longest."""
    site = site_of(request)
    seen = await site.pulse.current()
    async with site.app.pool.acquire() as connection:
        held = await _held(connection, [worker.id for worker in seen.workers])
    return render(
        request, "console/workers.html", workers=seen.workers, held=held, live=site.pulse.values, most=_MOST_HELD
    )


async def _held(connection: Connection, worker_ids: list[int]) -> Mapping[int, list[Held]]:
    found: dict[int, list[Held]] = {worker_id: [] for worker_id in worker_ids}
    for row in await connection.fetch(statement(_PACKAGE, "held_jobs"), worker_ids, _MOST_HELD):
        found[row["worker_id"]].append(Held(**dict(row.items())))
    return found


ROUTES = [Route("/workers", workers)]
