"""One paid call at a time within a process, from the leave to make it to the commit of its answer."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from headrace_crm.enrichment.profile import Asked
from headrace_crm.mail.turns import Turns

_ALL: Final = "all"


class PaidCalls:
    """Lends the turn to make a paid call to one attempt of a process at a time, whatever the source.

    So a process that is killed leaves one answer behind at most that was paid for and is not kept. What comes
    before and after, and what costs nothing, is done without a turn.
    """

    def __init__(self) -> None:
        self._turns = Turns()

    @asynccontextmanager
    async def turn(self, source: Asked, *, price: int) -> AsyncGenerator[None]:
        """Holds the turn for a call of this `price` in millionths of a dollar; what is free does not wait.

        Whoever waits and is cancelled has taken nothing. Sources take turns: one that hangs holds up each other one
        by the time limit of one call, and not by that of all its calls that wait.
        """
        if price <= 0:
            yield
            return
        async with self._turns.of(source), self._turns.of(_ALL):
            yield
