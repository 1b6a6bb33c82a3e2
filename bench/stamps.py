"""A file in which processes write down when each event was handled, by the machine's monotonic clock."""

import asyncio
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

STAMPS = "BENCH_STAMPS"
"""The environment variable that tells a worker process where the file is."""

_LOOK_SECONDS = 0.05


class Stamps:
    """Lines of an event's number and nanoseconds. Each call is one write at the end, so that no line is torn."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def add(self, numbers: Iterable[int]) -> None:
        moment = time.monotonic_ns()
        os.write(self._file, "".join(f"{number} {moment}\n" for number in numbers).encode())

    def read(self) -> dict[int, int]:
        """When each event was first handled, by its number."""
        found: dict[int, int] = {}
        # What stands after the last line's end is being written.
        for line in Path(self.path).read_text().rpartition("\n")[0].splitlines():
            number, moment = line.split()
            found.setdefault(int(number), int(moment))
        return found

    async def wait_for(self, numbers: Iterable[int], *, seconds: float) -> dict[int, int]:
        """What it holds once these are among it; raises TimeoutError where they do not come."""
        wanted = set(numbers)
        async with asyncio.timeout(seconds):
            while not wanted <= (found := self.read()).keys():  # noqa: ASYNC110 - others write it
                await asyncio.sleep(_LOOK_SECONDS)
        return found

    def close(self) -> None:
        os.close(self._file)


@contextmanager
def stamps() -> Iterator[Stamps]:
    """A new file, gone with the block."""
    with TemporaryDirectory(prefix="hr-bench-stamps-") as folder:
        made = Stamps(str(Path(folder) / "stamps"))
        try:
            yield made
        finally:
            made.close()
