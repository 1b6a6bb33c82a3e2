import asyncio
import os
import signal

import pytest

from headrace.web.signals import StopSignals


@pytest.fixture
def handled():
    """Signals that reach whoever had them before."""
    found: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def keep(number, _frame) -> None:
        found.append(number)

    for number in before:
        signal.signal(number, keep)
    yield found
    for number, handler in before.items():
        signal.signal(number, handler)


async def test_a_signal_is_heard_here_and_by_who_had_it_before(handled):
    called = asyncio.Event()
    signals = StopSignals(called.set)
    signals.begin()
    signals.begin()
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(5):
        await called.wait()
    assert handled == [signal.SIGTERM]

    called.clear()
    signals.end()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0)
    assert handled == [signal.SIGTERM] * 2
    assert not called.is_set()


async def test_a_loops_own_handler_is_still_called():
    loop = asyncio.get_running_loop()
    told, called = asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    signals = StopSignals(called.set)
    try:
        signals.begin()
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(5):
            await asyncio.gather(told.wait(), called.wait())
        signals.end()
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


async def test_signals_nobody_handles_are_left_alone_and_taken_ones_stay_taken(handled):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signals = StopSignals(lambda: None)
    signals.begin()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    def taken(_number, _frame) -> None:
        return

    signal.signal(signal.SIGINT, taken)
    signals.end()
    assert signal.getsignal(signal.SIGINT) is taken


async def test_outside_the_main_thread_nothing_is_done(handled):
    def begin() -> None:
        async def main() -> None:
            StopSignals(lambda: None).begin()

        asyncio.run(main())

    before = signal.getsignal(signal.SIGTERM)
    await asyncio.to_thread(begin)
    assert signal.getsignal(signal.SIGTERM) is before
