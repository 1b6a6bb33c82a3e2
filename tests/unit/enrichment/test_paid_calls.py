"""Paid calls of one process are made one after the other, and free ones whenever they like."""

import asyncio

import pytest

from headrace_crm.enrichment.paid_calls import PaidCalls
from headrace_crm.enrichment.profile import Asked


class Line:
    """Attempts that make a call each, which ends when it is told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self._paid = PaidCalls()
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, name: str, source: Asked, *, price: int = 1) -> asyncio.Task[None]:
        self.ends[name] = asyncio.Event()
        task = asyncio.create_task(self._call(name, source, price))
        self._tasks.append(task)
        return task

    async def end(self, name: str) -> None:
        self.ends[name].set()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def _call(self, name: str, source: Asked, price: int) -> None:
        async with self._paid.turn(source, price=price):
            self.begun.append(name)
            await self.ends[name].wait()


async def test_one_paid_call_is_made_at_a_time_and_free_ones_meanwhile():
    line = Line()
    line.add("first", "pdl")
    line.add("second", "clearbit")
    line.add("free", "x", price=0)
    line.add("free too", "clearbit", price=0)
    await line.settle()
    assert line.begun == ["first", "free", "free too"]
    await line.end("first")
    assert line.begun[3:] == ["second"]


async def test_a_source_that_hangs_holds_another_up_by_one_call_and_not_by_all_that_wait():
    line = Line()
    for number in range(4):
        line.add(f"pdl {number}", "pdl")
    await line.settle()
    line.add("x 0", "x")
    line.add("x 1", "x")
    await line.settle()
    for name in ("pdl 0", "x 0", "pdl 1", "x 1", "pdl 2"):
        await line.end(name)
    assert line.begun == ["pdl 0", "x 0", "pdl 1", "x 1", "pdl 2", "pdl 3"]


async def test_who_is_interrupted_in_a_call_or_while_waiting_for_it_keeps_nobody_waiting():
    line = Line()
    calls = [line.add(name, "pdl") for name in ("first", "second", "third")]
    await line.settle()
    for call in (calls[1], calls[0]):
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    await line.settle()
    assert line.begun == ["first", "third"]
