"""Worker processes that live as long as the command that needs them."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress

from headrace_crm.errors import CrmError

_SECONDS_TO_STOP = 15.0
_CONCURRENCY = 4
"""Parsing mail is work for the processor: more at a time would only keep batches from the other workers."""


class WorkersLostError(CrmError):
    """Every worker process has ended before the work did."""


class WorkerProcesses:
    """Runs so many `headrace worker` processes of the CRM on one database.

    Each holds the reading end of a pipe; when this process ends, however it does, the pipes close and
    the workers stop in good order. `environ` None gives them this process's own environment.
    """

    def __init__(self, database: str, *, environ: Mapping[str, str] | None = None) -> None:
        self._environ = {**(os.environ if environ is None else environ), "HEADRACE_DATABASE_URL": database}
        self._processes: list[Process] = []

    @property
    def alive(self) -> list[Process]:
        return [process for process in self._processes if process.returncode is None]

    async def add(self, count: int = 1) -> None:
        """Starts `count` more workers."""
        for _ in range(count):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "headrace.cli",
                "--app",
                "headrace_crm.app:create_app",
                "worker",
                "--stop-on-eof",
                f"--concurrency={_CONCURRENCY}",
                stdin=PIPE,
                stdout=DEVNULL,
                stderr=PIPE,
                env=self._environ,
            )
            self._processes.append(process)

    def kill(self, pid: int) -> bool:
        """Kills the worker of this process id with SIGKILL; False where it is none of these, or dead."""
        for process in self.alive:
            if process.pid == pid:
                _kill(process)
                return True
        return False

    async def require_one(self) -> None:
        """Raises WorkersLostError, with what the last one said, where none is alive."""
        if self.alive or not self._processes:
            return
        last = self._processes[-1]
        said = (await last.stderr.read()).decode(errors="replace").strip() if last.stderr is not None else ""
        raise WorkersLostError(
            f"the worker processes ended (exit code {last.returncode}): {said[-2000:] or 'without a word'}; "
            "nothing is lost, run the command again to go on"
        )

    async def stop(self) -> None:
        """Closes the pipes and waits; who does not stop in time is killed (its jobs are rescued later)."""
        for process in self.alive:
            if process.stdin is not None:
                process.stdin.close()
        for process in self.alive:
            try:
                async with asyncio.timeout(_SECONDS_TO_STOP):
                    await process.wait()
            except TimeoutError:
                _kill(process)
                await process.wait()


def _kill(process: Process) -> None:
    # Not by asyncio's process: where it has just died, that takes the exit code away from asyncio.
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)


@asynccontextmanager
async def worker_processes(
    database: str, count: int, *, environ: Mapping[str, str] | None = None
) -> AsyncGenerator[WorkerProcesses]:
    """`count` workers for a block, in `environ` or, for None, in this process's own environment."""
    workers = WorkerProcesses(database, environ=environ)
    try:
        await workers.add(count)
        yield workers
    finally:
        await workers.stop()
