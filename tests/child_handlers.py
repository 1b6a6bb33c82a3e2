"""Handlers that tests run in child processes: a module of its own, which a child can import."""

import ctypes
import logging
import os
import subprocess
import sys
import time
from typing import Any

import msgspec

from headrace import Cancel, Discard, Job, Retry, Snooze, current


class Sum(msgspec.Struct, frozen=True):
    left: int
    right: int = 0


class TroubleError(Exception):
    """Can be pickled, and read again."""


class StubbornError(Exception):
    """Can be pickled and not read again: its constructor wants more than the message."""

    def __init__(self, what: str, *, why: str) -> None:
        super().__init__(f"{what}: {why}")


def add(args: Sum, job: Job) -> dict[str, Any]:
    """What it was given, and where it ran."""
    return {
        "sum": args.left + args.right,
        "pid": os.getpid(),
        "parent": os.getppid(),
        "attempt": job.attempt,
        "metadata": job.metadata,
        "correlation": str(current().correlation_id),
    }


def echo(text: str) -> str:
    return text


def spin(job: Job) -> None:
    """Says where it runs, and computes for ever."""
    job.progress(os.getpid())
    while True:
        pass


def spin_once(job: Job) -> int:
    if job.attempt == 1:
        spin(job)
    return os.getpid()


def obey(job: Job) -> None:
    """Stops at a checkpoint, and has a moment to clean up."""
    job.progress(os.getpid(), message="began")
    try:
        while not job.is_cancelled:
            time.sleep(0.005)
        job.checkpoint()
    finally:
        job.message = "cleaned up"
        job.services.report(job)


def with_a_program_of_its_own(job: Job) -> None:
    """Starts a program that would never end, and waits for it."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as program:
        job.progress(program.pid)
        program.wait()


def leave(code: int) -> None:
    os._exit(code)


def crash(job: Job) -> None:
    """Reads address 0."""
    ctypes.string_at(0)


def kill_itself(number: int) -> None:
    os.kill(os.getpid(), number)


def misbehave(how: str, job: Job) -> Any:  # noqa: C901, PLR0912 - one line a case
    match how:
        case "trouble":
            raise TroubleError("no luck")
        case "stubborn":
            raise StubbornError("no luck", why="none")
        case "local":

            class LocalError(Exception):
                pass

            raise LocalError("cannot be pickled")
        case "exit":
            raise SystemExit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "discard":
            raise Discard("not this one")
        case "cancel":
            raise Cancel("not ours")
        case "retry":
            from datetime import timedelta

            raise Retry("later", after=timedelta(hours=1))
        case "snooze":
            from datetime import timedelta

            raise Snooze(timedelta(hours=1))
        case "object":
            return object()
        case "large":
            return "x" * (1024 * 1024)
        case "transaction":
            job.transaction()
        case "enqueue":
            job.enqueue("another")
    return None


def count_up(most: int, job: Job) -> None:
    for done in range(most + 1):
        job.progress(done, total=most, message=f"step {done}")


def say(lines: list[str], job: Job) -> None:
    for line in lines:
        logging.getLogger("shop").warning(line)
    job.log.info("ended")


def say_and_hang(job: Job) -> None:
    for number in range(20):
        job.log.info("line %d", number)
    while True:
        pass
