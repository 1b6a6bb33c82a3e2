"""What the program of an event store does, as commands: `PROGRAM DSN COMMAND ...`. Needs the standard library alone.

install         makes its tables
append N C      appends N events one by one, each committed before the next, from C writers at once, each to a hundred
                streams of its own; prints the seconds it took
read N          appends N events in bulk, then reads them all as typed events, a thousand at a time; prints the
                seconds the reading took
"""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

STREAMS = 100
PAGE = 1_000
CHUNK = 500
NOTE = "n" * 90
USER = "user-0000000000000000"


class EventStore(Protocol):
    """One event store, open on a database."""

    def install(self) -> None: ...

    def append(self, count: int, writers: int) -> float:
        """Seconds it took."""
        ...

    def fill(self, count: int) -> None: ...

    def read(self, count: int) -> float:
        """Seconds it took; fails where other than `count` events were read."""
        ...


def main(opened: Callable[[str, int], AbstractContextManager[EventStore]]) -> None:
    """Runs the command of the command line; `opened` takes the DSN and how many connections may be needed."""
    dsn, command, numbers = sys.argv[1], sys.argv[2], [int(one) for one in sys.argv[3:]]
    with opened(dsn, numbers[1] if command == "append" else 2) as store:
        match command:
            case "install":
                store.install()
            case "append":
                print(store.append(*numbers))
            case "read":
                store.fill(*numbers)
                print(store.read(*numbers))
            case _:
                raise SystemExit(f"no command {command!r}")


def require_all(seen: int, count: int) -> None:
    """Fails where events were missed."""
    if seen != count:
        raise RuntimeError(f"{seen} events were read, {count} were appended")
