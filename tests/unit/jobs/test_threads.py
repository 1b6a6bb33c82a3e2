"""The threads of plain functions."""

import asyncio
import threading
from contextvars import ContextVar
from uuid import uuid4

import pytest

from headrace.jobs.threads import Threads

WORD: ContextVar[str] = ContextVar("word", default="none")


@pytest.fixture
def name() -> str:
    """Of this test alone: threads of others may still be ending."""
    return f"thread-{uuid4()}"


@pytest.fixture
def threads(name):
    made = Threads(name)
    yield made
    made.close()


def alive(name: str) -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith(name)}


async def test_a_call_returns_what_the_function_returns_in_the_callers_context(threads):
    WORD.set("mine")
    assert await threads.call(lambda left, right: (left + right, WORD.get()), 1, 2) == (3, "mine")


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), BaseException("odd")])
async def test_a_call_raises_what_the_function_raises(threads, error):
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        await threads.call(fail)
    assert raised.value is error


async def test_an_error_no_future_can_carry_becomes_one_it_can(threads):
    with pytest.raises(RuntimeError, match="raised StopIteration") as raised:
        await threads.call(lambda: next(iter(())))
    assert isinstance(raised.value.__cause__, StopIteration)


async def test_threads_are_used_again_and_there_is_always_one(threads, name):
    gate = threading.Event()
    names = {await threads.call(lambda: threading.current_thread().name) for _ in range(5)}
    assert len(names) == 1
    calls = [asyncio.ensure_future(threads.call(gate.wait, 10)) for _ in range(3)]
    assert await threads.call(lambda: 1) == 1
    gate.set()
    assert await asyncio.gather(*calls) == [True] * 3
    assert len(alive(name)) == 4


async def test_no_interpreter_waits_for_them(threads):
    assert await threads.call(lambda: threading.current_thread().daemon)


async def test_closing_ends_the_idle_ones_at_once_and_the_others_after_their_calls(threads, name):
    gate = threading.Event()
    call = asyncio.ensure_future(threads.call(gate.wait, 10))
    await threads.call(lambda: None)
    idle_and_busy = alive(name)
    threads.close()
    gate.set()
    assert await call
    for thread in idle_and_busy:
        await asyncio.to_thread(thread.join, 10)
    assert alive(name) == set()


async def test_a_wait_that_is_cancelled_leaves_its_thread_to_its_call(threads):
    gate, ended, began = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        gate.wait(10)
        ended.set()

    call = asyncio.ensure_future(threads.call(work))
    await asyncio.to_thread(began.wait, 10)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    gate.set()
    assert await asyncio.to_thread(ended.wait, 10)


def test_a_thread_outlives_its_event_loop_without_a_complaint(name):
    gate = threading.Event()
    threads = Threads(name)

    async def begin() -> None:
        call = asyncio.ensure_future(threads.call(gate.wait, 10))
        await asyncio.sleep(0)
        call.cancel()

    asyncio.run(begin())
    [thread] = alive(name)
    gate.set()
    thread.join(10)
    assert not thread.is_alive()
