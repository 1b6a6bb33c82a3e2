"""Databases for tests, each a copy of a template, the next one made while a test runs."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from typing import TypeVar

from headrace.db.connecting import CONNECTION_ERRORS, close, connect
from headrace.db.connection import Connection
from headrace.db.database import at_database
from headrace.db.template import MAKING, copy_template, drop_copy

T = TypeVar("T")


class SpareDatabases:
    """Hands out fresh copies of a template and drops them again, from one thread of its own, over one session.

    From the second `take` on, the next copy is made ahead, so that a test rarely waits for its own. The names are
    `prefix` and a number. What could not be dropped is told by `close`.
    """

    def __init__(self, dsn: str, *, template: str, prefix: str) -> None:
        self._dsn = dsn
        self._template = template
        self._prefix = prefix
        self._numbers = count(1)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="headrace-databases")
        self._runner = asyncio.Runner()
        self._session: Connection | None = None
        self._spare: tuple[str, Future[None]] | None = None
        self._is_first = True
        self._drops: list[Future[None]] = []

    def take(self) -> tuple[str, str]:
        """The name and the address of a fresh database."""
        name, clone = self._spare or self._clone()
        self._spare = None if self._is_first else self._clone()
        self._is_first = False
        clone.result()
        return name, at_database(self._dsn, name)

    def give_back(self, name: str) -> None:
        """Has the database dropped, whoever is connected to it; does not wait."""
        self._drops = [drop for drop in self._drops if not drop.done() or drop.exception()]
        self._drops.append(self._do(lambda session: drop_copy(session, name)))

    def close(self) -> None:
        """Drops the copy made ahead and waits; raises what a drop has failed with."""
        if self._spare is not None:
            name, clone = self._spare
            clone.result()
            self.give_back(name)
        self._thread.submit(self._end)
        self._thread.shutdown()
        for drop in self._drops:
            drop.result()

    def _clone(self) -> tuple[str, Future[None]]:
        name = f"{self._prefix}{next(self._numbers)}"
        return name, self._do(lambda session: copy_template(session, name, template=self._template))

    def _do(self, work: Callable[[Connection], Awaitable[None]]) -> Future[None]:
        return self._thread.submit(lambda: self._runner.run(self._attempt(work)))

    async def _attempt(self, work: Callable[[Connection], Awaitable[None]]) -> None:
        if self._session is not None:
            try:
                await work(self._session)
            except CONNECTION_ERRORS:
                if not self._session.is_closed():
                    raise
            else:
                return
        # Opening one takes as long as half a copy. The one there was may have been cut by a test.
        self._session = await connect(self._dsn, application_name=MAKING)
        await work(self._session)

    def _end(self) -> None:
        if self._session is not None:
            self._runner.run(close(self._session))
        self._runner.close()
