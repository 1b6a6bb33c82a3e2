import asyncio
from datetime import timedelta

import pytest

from fix_apps import eventually
from headrace.service import AGAIN, Service
from headrace.telemetry import Record, Telemetry

HOUR = timedelta(hours=1)


class Loop(Service):
    """Runs a script of turns; the last one repeats."""

    def __init__(self, *turns, **options) -> None:
        self.records: list[Record] = []
        super().__init__("loop", telemetry=Telemetry(self.records.append), idle=HOUR, **options)
        self._turns = list(turns)
        self.count = 0
        self.stops = 0

    async def run_once(self) -> timedelta | None:
        self.count += 1
        turn = self._turns.pop(0) if len(self._turns) > 1 else self._turns[0]
        if isinstance(turn, Exception):
            raise turn
        return await turn() if callable(turn) else turn

    async def on_stop(self) -> None:
        self.stops += 1


@pytest.fixture
async def running():
    loops: list[Loop] = []

    def start(*turns, **options) -> Loop:
        loops.append(Loop(*turns, **options))
        loops[-1].start()
        return loops[-1]

    yield start
    for loop in loops:
        await loop.stop()


async def test_it_turns_again_at_once_where_there_is_more_to_do(running):
    loop = running(AGAIN, AGAIN, AGAIN, None)
    await eventually(lambda: loop.count == 4)


async def test_it_rests_where_there_is_nothing_to_do_until_it_is_woken(running):
    loop = running(None)
    await eventually(lambda: loop.count == 1)
    for _ in range(50):
        await asyncio.sleep(0)
    assert loop.count == 1
    loop.wake()
    await eventually(lambda: loop.count == 2)


async def test_a_wake_up_during_a_turn_is_not_lost(running):
    began, go_on = asyncio.Event(), asyncio.Event()

    async def turn() -> None:
        began.set()
        await go_on.wait()

    loop = running(turn, None)
    await began.wait()
    loop.wake()
    go_on.set()
    await eventually(lambda: loop.count == 2)


async def test_many_wake_ups_are_one_turn(running):
    loop = running(None)
    await eventually(lambda: loop.count == 1)
    for _ in range(100):
        loop.wake()
    await eventually(lambda: loop.count == 2)
    for _ in range(50):
        await asyncio.sleep(0)
    assert loop.count == 2


async def test_a_loop_that_always_has_more_to_do_lets_others_run(running):
    loop = running(AGAIN)
    await asyncio.sleep(0)
    first = loop.count
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert loop.count <= first + 3


async def test_it_outlives_its_errors_and_records_each(running):
    loop = running(ValueError("one"), ValueError("two"), None)
    await eventually(lambda: loop.count == 3)
    first, second = (record for record in loop.records if record.name == "service.error")
    assert (str(first.error), second.error) == ("one", None), "the traceback once, then a line"
    assert [record.fields["failures"] for record in loop.records] == [1, 2]
    assert second.fields["reason"] == "ValueError('two')"


async def test_it_waits_longer_after_each_error_up_to_a_bound():
    loop = Loop(None, max_backoff=timedelta(seconds=5))
    for failures, bound in ((1, 0.1), (2, 0.2), (3, 0.4), (6, 3.2), (7, 5), (1_000, 5)):
        waits = [loop._backoff(failures).total_seconds() for _ in range(50)]
        assert bound / 2 <= min(waits) <= max(waits) <= bound


async def test_a_turn_without_an_error_ends_the_back_off(running):
    loop = running(ValueError(), AGAIN, ValueError(), None)
    await eventually(lambda: loop.count == 4)
    assert [record.fields["failures"] for record in loop.records] == [1, 1]


async def test_stopping_lets_the_turn_end():
    ended: list[bool] = []

    async def turn() -> None:
        await asyncio.sleep(0.02)
        ended.append(True)

    loop = Loop(turn)
    loop.start()
    await eventually(lambda: loop.count == 1)
    await loop.stop()
    assert (ended, loop.stops, loop.count) == ([True], 1, 1)


async def test_stopping_cancels_a_turn_that_does_not_end():
    cancelled: list[bool] = []

    async def turn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)

    loop = Loop(turn)
    loop.start()
    await eventually(lambda: loop.count == 1)
    await loop.stop(timeout=timedelta(milliseconds=10))
    assert (cancelled, loop.stops) == ([True], 1)


async def test_stopping_ends_a_rest_and_a_back_off():
    for turn in (None, ValueError()):
        loop = Loop(turn)
        loop.start()
        await eventually(lambda loop=loop: loop.count == 1)
        async with asyncio.timeout(1):
            await loop.stop()


async def test_stopping_one_that_never_began_releases_what_it_holds():
    loop = Loop(None)
    await loop.stop()
    assert loop.stops == 1


async def test_starting_twice_is_starting_once(running):
    loop = running(None)
    loop.start()
    await eventually(lambda: loop.count == 1)
    for _ in range(20):
        await asyncio.sleep(0)
    assert loop.count == 1
