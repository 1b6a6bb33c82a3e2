"""The control endpoints under `/sandbox`: what a test in another process, or a person, turns and reads."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from headrace_crm.sandbox.answer import json_answer
from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.counters import Counters
from headrace_crm.sandbox.delivery import response_of
from headrace_crm.sandbox.faults import Fault, Faults

T = TypeVar("T")


def shown(value: Any, *, status: int = 200) -> Response:
    """A JSON response."""
    return response_of(json_answer(value, status=status))


def action(wanted: type[T], act: Callable[[T], Any]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that reads a JSON body (none is an empty object), acts on it and answers what comes of it.

    400 says what is wrong with the body or its values, 404 what there is not.
    """

    async def endpoint(request: Request) -> Response:
        try:
            found: object = msgspec.json.decode(await request.body() or b"{}")
            return shown(act(msgspec.convert(found, type=wanted, strict=False)))
        except ValueError as error:
            return shown({"error": str(error)}, status=400)
        except LookupError as error:
            return shown({"error": str(error)}, status=404)

    return endpoint


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """How far to move the time forward, in seconds."""

    seconds: float


def control_routes(*, clock: SandboxClock, counters: Counters, faults: Faults) -> Sequence[BaseRoute]:
    """`clock` (GET, POST), `counters` (GET, DELETE) and `faults` (GET, POST, DELETE)."""

    def time() -> dict[str, Any]:
        return {"now": clock.now(), "offset_seconds": clock.offset.total_seconds()}

    async def read_clock(_: Request) -> Response:
        return shown(time())

    def advance(wanted: Advance) -> dict[str, Any]:
        clock.advance(timedelta(seconds=wanted.seconds))
        return time()

    async def read_counters(_: Request) -> Response:
        return shown(counters.snapshot())

    async def reset_counters(_: Request) -> Response:
        counters.reset()
        return Response(status_code=204)

    async def list_faults(_: Request) -> Response:
        return shown(faults.snapshot())

    def add_faults(wanted: list[Fault]) -> list[Fault]:
        faults.add(*wanted)
        return faults.snapshot()

    async def clear_faults(_: Request) -> Response:
        faults.clear()
        return Response(status_code=204)

    return (
        Route("/sandbox/clock", read_clock, methods=["GET"]),
        Route("/sandbox/clock", action(Advance, advance), methods=["POST"]),
        Route("/sandbox/counters", read_counters, methods=["GET"]),
        Route("/sandbox/counters", reset_counters, methods=["DELETE"]),
        Route("/sandbox/faults", list_faults, methods=["GET"]),
        Route("/sandbox/faults", action(list[Fault], add_faults), methods=["POST"]),
        Route("/sandbox/faults", clear_faults, methods=["DELETE"]),
    )
