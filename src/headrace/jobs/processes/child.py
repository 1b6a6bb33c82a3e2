"""The program of a child process: runs one handler after another until its worker is gone."""

import ctypes
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from queue import SimpleQueue
from typing import NoReturn, cast

from headrace.context import bind
from headrace.jobs.handle import Job, JobServices
from headrace.jobs.job import Claim, Priority
from headrace.jobs.log_capture import capturing, install
from headrace.jobs.processes.child_services import ChildJob, ChildServices
from headrace.jobs.processes.messages import (
    HEADER_BYTES,
    Began,
    Begin,
    FromChild,
    Returned,
    body_length,
    frame,
    read_to_child,
)
from headrace.jobs.processes.raised import pack_error
from headrace.jobs.processes.reference import find_handler
from headrace.jobs.registry import Kind, describe
from headrace.jobs.result import completed

_FLUSH_SECONDS = 0.1
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


class Child:
    """One child process: its main thread runs handlers, a second one listens to the worker."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._sending = threading.Lock()
        self._begun: SimpleQueue[Begin] = SimpleQueue()
        self._job: Job | None = None
        self._is_busy = False
        self._has_begun = False
        self._services = ChildServices(self._send)

    def run(self) -> NoReturn:
        """Runs what the worker sends, for ever."""
        threading.Thread(target=self._listen, name="headrace-line", daemon=True).start()
        while True:
            begin = self._begun.get()
            answer = self._attempt(begin)
            if self._job is not None and self._job.kept is not None:
                self._job.kept.end()
            self._job = None
            self._is_busy = False
            self._services.flush()
            self._send(answer)

    def _attempt(self, begin: Begin) -> FromChild:
        try:
            if not self._has_begun:
                self._has_begun = True
                logging.getLogger().setLevel(begin.root_level)  # the app's module may say otherwise
            kind = _kind(begin.kind, begin.module, begin.name)
            handler = kind.handler
            assert handler is not None  # noqa: S101 - described with one
            job = self._job = _open(begin, self._services)
            passed = [job if name == "job" else kind.decode(begin.args) for name in kind.passes]
            self._send(Began())
            self._services.logs = begin.logs
            token = capturing.set(job)
            try:
                with bind(begin.context):
                    outcome = completed(handler(*passed))
            finally:
                capturing.reset(token)
        except BaseException as error:  # noqa: BLE001 - every error of a handler goes to the worker
            return pack_error(error)
        return Returned(outcome.result)

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                is_ready, _, _ = select.select([self._line], [], [], _FLUSH_SECONDS if self._is_busy else None)
                if self._is_busy:
                    self._services.flush()
                if not is_ready:
                    continue
                header = self._read(HEADER_BYTES)
                if header is None:
                    break
                body = self._read(body_length(header))
                if body is None:
                    break
                message = read_to_child(body)
                if isinstance(message, Begin):
                    self._is_busy = True
                    self._begun.put(message)
                elif self._job is not None:
                    self._job.interrupt(message.why)
        # The worker is gone. Whatever the handler does, nobody would hear of it.
        os._exit(1)

    def _read(self, count: int) -> bytes | None:
        parts = bytearray()
        while len(parts) < count:
            part = self._line.recv(count - len(parts))
            if not part:
                return None
            parts += part
        return bytes(parts)

    def _send(self, message: FromChild) -> None:
        with self._sending:
            try:
                self._line.sendall(frame(message))
            except OSError:
                os._exit(1)


@cache
def _kind(kind: str, module: str, name: str) -> Kind:
    return describe(kind, find_handler(module, name), job_type=Job)


def _open(begin: Begin, services: ChildServices) -> Job:
    return ChildJob(
        id=begin.job_id,
        kind=begin.kind,
        queue=begin.queue,
        priority=Priority(begin.priority),
        attempt=begin.attempt,
        max_attempts=begin.max_attempts,
        run_at=begin.run_at,
        parent_id=begin.parent_id,
        context=begin.context,
        claim=Claim(begin.job_id, begin.attempt, begin.lease),
        services=cast("JobServices", services),
        started=time.perf_counter(),
        metadata=begin.metadata,
    )


def _ignore(number: int, frame: object) -> None:
    """Leaves it to the worker."""


def main(descriptor: int, parent: int) -> NoReturn:
    """Serves the worker with this process id over an inherited socket, and ends with it."""
    if sys.platform == "linux":
        # The end of the line tells the same everywhere, but only where the handler lets another thread run.
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    os.set_inheritable(descriptor, False)
    # Signals to a whole group of processes are for the worker. No SIG_IGN: programs started here would inherit it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _ignore)
    install()
    Child(socket.socket(fileno=descriptor)).run()
