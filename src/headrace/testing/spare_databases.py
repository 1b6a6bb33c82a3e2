"""Databases for tests, each a copy of a template, the next one made while a test runs."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count

from headrace.db.template import clone_database, drop_database


class SpareDatabases:
    """Hands out fresh copies of a template and drops them again, from one thread of its own.

    From the second `take` on, the next copy is made ahead, so that a test rarely waits for its own. The names are
    `prefix` and a number. What could not be dropped is told by `close`.
    """

    def __init__(self, dsn: str, *, template: str, prefix: str) -> None:
        self._dsn = dsn
        self._template = template
        self._prefix = prefix
        self._numbers = count(1)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="headrace-databases")
        self._spare: tuple[str, Future[str]] | None = None
        self._is_first = True
        self._drops: list[Future[None]] = []

    def take(self) -> tuple[str, str]:
        """The name and the address of a fresh database."""
        name, clone = self._spare or self._clone()
        self._spare = None if self._is_first else self._clone()
        self._is_first = False
        return name, clone.result()

    def give_back(self, name: str) -> None:
        """Has the database dropped, whoever is connected to it; does not wait."""
        self._drops = [drop for drop in self._drops if not drop.done() or drop.exception()]
        self._drops.append(self._thread.submit(asyncio.run, drop_database(self._dsn, name)))

    def close(self) -> None:
        """Drops the copy made ahead and waits; raises what a drop has failed with."""
        if self._spare is not None:
            name, clone = self._spare
            clone.result()
            self.give_back(name)
        self._thread.shutdown()
        for drop in self._drops:
            drop.result()

    def _clone(self) -> tuple[str, Future[str]]:
        name = f"{self._prefix}{next(self._numbers)}"
        clone = clone_database(self._dsn, name, template=self._template)
        return name, self._thread.submit(asyncio.run, clone)
