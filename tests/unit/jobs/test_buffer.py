import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.jobs.buffer import Buffer


def silent() -> None:
    pass


async def waiting(buffer: Buffer, count: int) -> list[asyncio.Task[object]]:
    tasks = [asyncio.create_task(buffer.take()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_rows_come_out_in_the_order_they_went_in():
    buffer = Buffer(most=10, on_low=silent)
    buffer.put([1, 2, 3])
    assert [await buffer.take() for _ in range(3)] == [1, 2, 3]


async def test_a_waiting_runner_gets_the_row_that_comes():
    buffer = Buffer(most=10, on_low=silent)
    tasks = await waiting(buffer, 2)
    buffer.put([1])
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in done] == [1]
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)


async def test_a_runner_cancelled_as_it_is_woken_passes_its_row_on():
    buffer = Buffer(most=10, on_low=silent)
    first, second = await waiting(buffer, 2)
    buffer.put([1])
    first.cancel()
    assert await second == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_runner_cancelled_as_it_waits_takes_nothing():
    buffer = Buffer(most=10, on_low=silent)
    (task,) = await waiting(buffer, 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    buffer.put([1])
    assert await buffer.take() == 1


async def test_as_many_are_wanted_as_runners_wait():
    buffer = Buffer(most=10, on_low=silent)
    assert buffer.wanted(0.0) == 0
    tasks = await waiting(buffer, 4)
    assert buffer.wanted(0.1) == 4
    buffer.put([1, 2, 3, 4])
    await asyncio.gather(*tasks)


async def test_the_measured_rate_adds_a_fifth_of_a_seconds_work_up_to_the_most():
    buffer = Buffer(most=50, on_low=silent)
    buffer.wanted(0.0)
    buffer.put(range(100))
    for _ in range(100):
        await buffer.take()
    assert buffer.wanted(1.0) == 20
    buffer.put(range(1000))
    for _ in range(1000):
        await buffer.take()
    assert buffer.wanted(2.0) == 50


async def test_nothing_is_wanted_while_the_buffer_is_more_than_half_full():
    buffer = Buffer(most=50, on_low=silent)
    buffer.wanted(0.0)
    buffer.put(range(100))
    for _ in range(100):
        await buffer.take()
    buffer.put(range(15))
    assert buffer.wanted(1.0) == 0


async def test_running_low_is_told_so_that_a_claim_overlaps_with_the_work():
    told: list[int] = []
    buffer = Buffer(most=50, on_low=lambda: told.append(len(buffer)))
    buffer.wanted(0.0)
    buffer.put(range(100))
    for _ in range(100):
        await buffer.take()
    wanted = buffer.wanted(1.0)
    told.clear()
    buffer.put(range(wanted))
    for _ in range(wanted):
        await buffer.take()
    assert told == [wanted // 2]


async def test_draining_takes_everything_out():
    buffer = Buffer(most=10, on_low=silent)
    buffer.put([1, 2])
    assert (buffer.drain(), len(buffer)) == ([1, 2], 0)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), max_size=40))
def test_no_row_is_lost_or_taken_twice(steps):
    async def play() -> None:
        buffer = Buffer(most=20, on_low=silent)
        put = 0
        got: list[int] = []
        tasks: list[asyncio.Task[None]] = []

        async def run() -> None:
            got.append(await buffer.take())

        for what, count in steps:
            if what == 0:
                buffer.put(range(put, put + count))
                put += count
            elif what == 1:
                tasks += [asyncio.create_task(run()) for _ in range(count)]
            else:
                for task in tasks[-count:] if count else []:
                    task.cancel()
            await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert sorted(got + buffer.drain()) == list(range(put))

    asyncio.run(play())
