"""Worker processes under measurement: real ones, started before the clock is and held until it runs."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import MappingProxyType

from headrace.db.address import ENVIRONMENT

_ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 60
_STOP_SECONDS = 30


def engine_command(factory: str = "make_app", *, module: str = "bench.app") -> list[str]:
    """A worker of the engine for one of the apps measured, with its default options."""
    return ["headrace.cli", "--app", f"{module}:{factory}", "worker", "--stop-on-eof"]


def sketch_command(dsn: str, *, poll_seconds: float) -> list[str]:
    """A worker of the sketch."""
    return ["bench.sketch", dsn, str(poll_seconds)]


class WorkerProcess:
    """One process, known by its pid; it stops when its standard input closes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def pause(self) -> None:
        """Stops the process where it stands."""
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        self._send(signal.SIGCONT)

    async def read_line(self) -> str:
        """The next line of its standard output, empty at the end. Raises RuntimeError where that is not kept."""
        if self._process.stdout is None:
            raise RuntimeError("the worker's standard output is not piped")
        return (await self._process.stdout.readline()).decode()

    def require_running(self) -> None:
        """Raises RuntimeError where the process has ended."""
        if self._process.returncode is not None:
            raise RuntimeError(f"a worker process ended with exit code {self._process.returncode}")

    async def wait_running(self) -> None:
        """Returns when the process has said that it runs; raises RuntimeError with what else it said."""
        stream = self._process.stderr
        if stream is None:
            raise RuntimeError("the worker's standard error is not piped")
        said: list[str] = []
        async with asyncio.timeout(_START_SECONDS):
            while line := await stream.readline():
                said.append(line.decode())
                if "is running" in said[-1]:
                    return
        raise RuntimeError("a worker process did not start:\n" + "".join(said))

    async def end(self) -> None:
        """Closes its standard input and waits; kills it where that does not end it."""
        if self._process.returncode is not None:
            return
        self.go_on()
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.communicate()
        except TimeoutError:
            self._send(signal.SIGKILL)
            await self._process.wait()

    def _send(self, number: signal.Signals) -> None:
        # Not by asyncio's process: where it has just died, that takes the exit code away from asyncio.
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, number)


@asynccontextmanager
async def worker_processes(
    command: Sequence[str],
    *,
    dsn: str,
    count: int,
    is_module: bool = True,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[list[WorkerProcess]]:
    """Started processes that all say they run; ended with the block.

    The command is a module of this environment and its arguments, or a program whose output is read.
    """
    started: list[WorkerProcess] = []
    try:
        for _ in range(count):
            process = await asyncio.create_subprocess_exec(
                *((sys.executable, "-m") if is_module else ()),
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL if is_module else asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=_ROOT,
                env={**os.environ, **environment, ENVIRONMENT: dsn},
            )
            started.append(WorkerProcess(process))
        for worker in started:
            await worker.wait_running()
        yield started
    finally:
        for worker in started:
            await worker.end()
