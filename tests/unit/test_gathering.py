import asyncio

import pytest

from headrace.db.gathering import Gathering


class Asked:
    """Doubles numbers, remembers what was asked together, and can be held or fail."""

    def __init__(self) -> None:
        self.together: list[list[int]] = []
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.error: Exception | None = None

    async def run(self, numbers):
        self.together.append(list(numbers))
        self.is_asked.set()
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return [2 * number for number in numbers]


async def test_what_is_asked_in_one_turn_is_asked_together_and_each_gets_its_answer():
    asked = Asked()
    gathering = Gathering(asked.run)
    assert await asyncio.gather(*(gathering.ask(number) for number in (3, 1, 2))) == [6, 2, 4]
    assert await gathering.ask(5) == 10
    assert asked.together == [[3, 1, 2], [5]]


async def test_what_comes_while_an_answer_is_awaited_goes_together_with_the_next():
    asked = Asked()
    asked.may_answer.clear()
    gathering = Gathering(asked.run)
    first = asyncio.create_task(gathering.ask(1))
    await asked.is_asked.wait()
    others = [asyncio.create_task(gathering.ask(number)) for number in (2, 3)]
    await asyncio.sleep(0)
    asked.may_answer.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6]
    assert asked.together == [[1], [2, 3]]


async def test_an_error_is_everybodys_who_asked_and_nobodys_after():
    asked = Asked()
    asked.error = OSError("cut")
    gathering = Gathering(asked.run)
    found = await asyncio.gather(gathering.ask(1), gathering.ask(2), return_exceptions=True)
    assert [type(one) for one in found] == [OSError, OSError]
    asked.error = None
    assert await gathering.ask(4) == 8


async def test_one_that_is_cancelled_takes_nothing_from_the_others():
    asked = Asked()
    asked.may_answer.clear()
    gathering = Gathering(asked.run)
    tasks = [asyncio.create_task(gathering.ask(number)) for number in (1, 2)]
    await asked.is_asked.wait()
    tasks[0].cancel()
    asked.may_answer.set()
    assert await tasks[1] == 4
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
