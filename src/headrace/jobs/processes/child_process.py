"""One child process as its worker sees it: started, given an attempt, interrupted, killed."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Self

from headrace.errors import ChildDiedError
from headrace.jobs.interruption import Interrupted, Interruption
from headrace.jobs.processes.messages import (
    HEADER_BYTES,
    Began,
    Begin,
    Dropped,
    FromChild,
    Logged,
    Progressed,
    Raised,
    Returned,
    Stop,
    ToChild,
    body_length,
    frame,
    read_from_child,
)

_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[3]); "
    "from headrace.jobs.processes.child import main; main(int(sys.argv[1]), int(sys.argv[2]))"
)
_START_LIMIT = timedelta(minutes=1)
_MERCY = timedelta(milliseconds=250)


class ChildProcess:
    """A child process and the line to it. It is killed with everything it started, as one process group."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._why: Interruption | None = None
        self._killing: asyncio.TimerHandle | None = None
        self._watch = asyncio.create_task(self._clear(), name=f"headrace-child-{process.pid}")
        self.attempt_count = 0

    @classmethod
    async def start(cls) -> Self:
        """Starts a child; it imports what it needs while the first attempt is on its way.

        From the event loop's own thread: where the kernel ends a child with its parent, it means the thread.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            process: asyncio.subprocess.Process | None = None
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-c",
                    _PROGRAM,
                    str(theirs.fileno()),
                    str(os.getpid()),
                    json.dumps([os.fspath(one) for one in sys.path]),
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    process_group=0,
                )
                reader, writer = await asyncio.open_connection(sock=ours)
            except BaseException:
                ours.close()
                if process is not None:
                    _kill(process.pid)
                    await process.wait()
                raise
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_usable(self) -> bool:
        """Whether it lives and may be given another attempt."""
        return self._process.returncode is None and self._why is None and not self._reader.at_eof()

    async def run(
        self, begin: Begin, *, on_word: Callable[[Began | Progressed | Logged | Dropped], None]
    ) -> Returned | Raised:
        """Runs one attempt to its end.

        Raises TimeoutError where the child has not begun with the handler within a minute, ChildDiedError
        where it ends by itself, Interrupted where it was killed after `stop`. Where the wait is cancelled,
        the child is killed.
        """
        self.attempt_count += 1
        self._why = None
        is_done = False
        try:
            self._send(begin)
            message = await self._first(begin)
            while True:
                if isinstance(message, Returned | Raised):
                    is_done = True
                    self._why = None
                    return message
                on_word(message)
                message = await self._receive()
        except (asyncio.IncompleteReadError, OSError) as error:
            code = await self._process.wait()
            if self._why is not None:
                raise Interrupted(self._why) from None
            raise ChildDiedError(code, pid=self.pid) from error
        finally:
            if self._killing is not None:
                self._killing.cancel()
            if not is_done:
                self.kill()

    def stop(self, why: Interruption) -> None:
        """Tells the handler to stop, and kills it where it has not within a quarter of a second."""
        self._why = why
        self._send(Stop(why))
        self._killing = asyncio.get_running_loop().call_later(_MERCY.total_seconds(), self.kill)

    def kill(self) -> None:
        """Ends the child and what it started, at once; nothing where it has ended, as what it started goes with it."""
        if self._process.returncode is None:  # else the number may be another's by now
            _kill(self.pid)

    async def close(self) -> None:
        """Kills it and waits until nothing is left of it."""
        if self._process.returncode is None:
            self.kill()
        await self._watch

    def _send(self, message: ToChild) -> None:
        self._writer.write(frame(message))

    async def _first(self, begin: Begin) -> FromChild:
        try:
            async with asyncio.timeout(_START_LIMIT.total_seconds()):
                return await self._receive()
        except TimeoutError as error:
            raise TimeoutError(
                f"a child process had not imported {begin.module} within {_START_LIMIT}; "
                "keep what takes long out of the top of modules"
            ) from error

    async def _receive(self) -> FromChild:
        header = await self._reader.readexactly(HEADER_BYTES)
        return read_from_child(await self._reader.readexactly(body_length(header)))

    async def _clear(self) -> None:
        await self._process.wait()
        # What it started goes too, at once: it might hold the line open, and nobody would stop it any more. As long as
        # any of it lives, the number of the group is given to nobody else.
        _kill(self.pid)
        self._writer.close()


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
