"""The control endpoints under `/sandbox`: what a test in another process, or a person, turns and reads."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from headrace_crm.sandbox.answer import json_answer
from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.counters import Counters
from headrace_crm.sandbox.delivery import response_of
from headrace_crm.sandbox.faults import Faults, read_faults


def shown(value: Any, *, status: int = 200) -> Response:
    """A JSON response."""
    return response_of(json_answer(value, status=status))


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """How far to move the time forward, in seconds."""

    seconds: float


def control_routes(*, clock: SandboxClock, counters: Counters, faults: Faults) -> Sequence[BaseRoute]:
    """`clock` (GET, POST), `counters` (GET, DELETE) and `faults` (GET, POST, DELETE)."""

    async def read_clock(_: Request) -> Response:
        return shown({"now": clock.now(), "offset_seconds": clock.offset.total_seconds()})

    async def advance(request: Request) -> Response:
        try:
            wanted = msgspec.json.decode(await request.body(), type=Advance)
            clock.advance(timedelta(seconds=wanted.seconds))
        except ValueError as error:
            return shown({"error": str(error)}, status=400)
        return await read_clock(request)

    async def read_counters(_: Request) -> Response:
        return shown(counters.snapshot())

    async def reset_counters(_: Request) -> Response:
        counters.reset()
        return Response(status_code=204)

    async def list_faults(_: Request) -> Response:
        return shown(faults.snapshot())

    async def add_faults(request: Request) -> Response:
        try:
            faults.add(*read_faults(await request.body()))
        except ValueError as error:
            return shown({"error": str(error)}, status=400)
        return await list_faults(request)

    async def clear_faults(_: Request) -> Response:
        faults.clear()
        return Response(status_code=204)

    return (
        Route("/sandbox/clock", read_clock, methods=["GET"]),
        Route("/sandbox/clock", advance, methods=["POST"]),
        Route("/sandbox/counters", read_counters, methods=["GET"]),
        Route("/sandbox/counters", reset_counters, methods=["DELETE"]),
        Route("/sandbox/faults", list_faults, methods=["GET"]),
        Route("/sandbox/faults", add_faults, methods=["POST"]),
        Route("/sandbox/faults", clear_faults, methods=["DELETE"]),
    )
