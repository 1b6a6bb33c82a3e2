"""Gathering: what several tasks ask at once is asked of the database together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class Gathering(Generic[A, R]):
    """Asks together what is asked in the same turn of the event loop, and what comes while an answer is awaited.

    `run` answers some questions, in their order. One call of it is under way at a time. An error is everybody's who
    asked; a task that is cancelled takes nothing from the others.
    """

    def __init__(self, run: Callable[[Sequence[A]], Awaitable[Sequence[R]]]) -> None:
        self._run = run
        self._waiting: list[tuple[A, asyncio.Future[R]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: A) -> R:
        """The answer to one question; raises what `run` raises."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._task is None:
            # It begins when all that are ready now have had their turn.
            self._task = asyncio.create_task(self._ask_all())
        return await answer

    async def _ask_all(self) -> None:
        try:
            while asked := [one for one in self._waiting if not one[1].done()]:
                self._waiting = []
                try:
                    answers = await self._run([question for question, _ in asked])
                    for (_, answer), given in zip(asked, answers, strict=True):
                        if not answer.done():
                            answer.set_result(given)
                except BaseException as error:  # noqa: BLE001 - whatever it is belongs to those who asked
                    for _, answer in asked:
                        if not answer.done():
                            answer.set_exception(error)
        finally:
            self._task = None
