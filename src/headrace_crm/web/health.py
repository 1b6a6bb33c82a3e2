"""`GET /health`: whether this process can do its work, which is whether its database answers."""

import asyncio
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse

from headrace import Headrace
from headrace.console.access import Problem

PATIENCE: Final = timedelta(seconds=2)


class Health:
    """Asks the database, on the pool that requests use."""

    def __init__(self, app: Headrace) -> None:
        self._app = app

    async def answer(self, _request: Request) -> JSONResponse:
        """200, or 503 where the database does not answer in time."""
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()), self._app.pool.acquire() as connection:
                await connection.execute("SELECT 1")
        except Exception as error:  # noqa: BLE001 - whatever keeps the database from answering
            return _unavailable(type(error).__name__)
        return JSONResponse({"status": "ok"}, headers={"cache-control": "no-store"})


def _unavailable(reason: str) -> JSONResponse:
    problem = Problem(503, f"the database does not answer: {reason}")
    return JSONResponse(problem.document(), 503, headers={"cache-control": "no-store"})
