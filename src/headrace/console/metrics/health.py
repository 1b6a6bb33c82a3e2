"""Whether a process lives, and whether it can work, with reasons."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.app import Headrace
from headrace.db.migrate import require_current
from headrace.db.pool import CONNECTION_ERRORS
from headrace.errors import HeadraceError

_PATIENCE = timedelta(seconds=2)
_FRESH_SECONDS = 1.0

Check = Callable[[], Awaitable[str | None]]
"""Says what keeps the process from working; None where nothing does."""


@dataclass(frozen=True, slots=True)
class Health:
    """`reasons` are what keeps a process from working, by the name of what was looked at."""

    is_ready: bool
    reasons: dict[str, str]


class Readiness:
    """Looks at the database, its schema, and at `checks` of your own; at most once a second."""

    def __init__(self, app: Headrace, *, checks: Sequence[tuple[str, Check]] = ()) -> None:
        self._app = app
        self._checks = (("database", self._database), *checks)
        self._looking = asyncio.Lock()
        self._found: tuple[float, Health] | None = None

    async def look(self) -> Health:
        """How it is now, or was within the last second."""
        async with self._looking:
            if self._found is None or time.monotonic() - self._found[0] >= _FRESH_SECONDS:
                self._found = time.monotonic(), await self._look()
            return self._found[1]

    async def _look(self) -> Health:
        reasons: dict[str, str] = {}
        for name, check in self._checks:
            reason = await check()
            if reason is not None:
                reasons[name] = reason
        return Health(not reasons, reasons)

    async def _database(self) -> str | None:
        if not self._app.is_open:
            return "the app is not open"
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds()), self._app.pool.acquire() as connection:
                await require_current(connection, sets=self._app.migrations)
        except TimeoutError:
            return f"the database did not answer within {_PATIENCE.total_seconds():g} s"
        except CONNECTION_ERRORS:
            return "the database cannot be reached"
        except HeadraceError as error:
            return str(error)
        return None


def health_routes(app: Headrace, *, checks: Sequence[tuple[str, Check]] = (), path: str = "/health") -> list[Route]:
    """`/health/live`: 200 while the event loop turns. `/health/ready` and `/health`: 200 or 503, with reasons.

    Anybody may ask; nothing but whether it works and why not is told.
    """
    readiness = Readiness(app, checks=checks)

    async def live(_request: Request) -> Response:
        return _answer(200, {"status": "live"})

    async def ready(_request: Request) -> Response:
        found = await readiness.look()
        return _answer(
            200 if found.is_ready else 503,
            {"status": "ready" if found.is_ready else "not ready", "reasons": found.reasons},
        )

    return [
        Route(f"{path}/live", live, methods=["GET"], name="live"),
        Route(f"{path}/ready", ready, methods=["GET"], name="ready"),
        Route(path, ready, methods=["GET"], name="health"),
    ]


def _answer(status: int, document: dict[str, object]) -> Response:
    return Response(
        msgspec.json.encode(document),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )
