"""The app that fault tests run in real worker processes: handlers that note, wait, block, crash."""

import asyncio
import gc
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import msgspec
from spinning import spin

from headrace import (
    Cancel,
    Discard,
    Headrace,
    Job,
    RetryPolicy,
    StoredEvent,
    Transaction,
    WorkerOptions,
    event,
)

app = Headrace(name="faults")


class Task(msgspec.Struct, frozen=True):
    number: int = 0
    seconds: float = 0.0


async def _note(job: Job, what: str) -> int:
    """Notes what a job does; how often it did it, this time included."""
    async with app.pool.acquire() as connection:
        return await connection.fetchval(
            "WITH new AS (INSERT INTO public.note (job_id, attempt, pid, what) VALUES ($1, $2, $3, $4)) "
            "SELECT count(*) + 1 FROM public.note WHERE job_id = $1 AND what = $4",
            job.id,
            job.attempt,
            os.getpid(),
            what,
        )


@app.job("note", retry=RetryPolicy(unit=timedelta(milliseconds=100), jitter=timedelta(0)), max_attempts=20)
async def note(task: Task, job: Job) -> int:
    """Notes that it runs; its result is its number."""
    await _note(job, "ran")
    return task.number


@app.job("count")
async def count(task: Task) -> int:
    return task.number


@app.job("spared")
async def spared(task: Task, job: Job) -> None:
    """Notes whether collections of garbage walk over what the worker loaded, this class, or spare it."""
    await _note(job, "walked" if any(found is Task for found in gc.get_objects()) else "spared")


@app.job("rest", max_attempts=20)
async def rest(task: Task, job: Job) -> None:
    """Waits without blocking the loop, between two notes; a run after the first one does not wait."""
    is_first = await _note(job, "began") == 1
    if is_first:
        await asyncio.sleep(task.seconds)
    await _note(job, "ended")


@app.job("block")
async def block(task: Task, job: Job) -> None:
    """Blocks the event loop: half by sleeping, half by computing. What it says it says with nothing left to await."""
    await _note(job, "began")
    print("blocks", flush=True)  # noqa: T201 - a note would have to be awaited
    time.sleep(task.seconds / 2)  # noqa: ASYNC251 - blocks the loop, as handlers do
    ends = time.monotonic() + task.seconds / 2
    while time.monotonic() < ends:
        pass


@app.job("thread")
def thread(task: Task, job: Job) -> None:
    time.sleep(task.seconds)


@app.job("write", retry=RetryPolicy(unit=timedelta(milliseconds=100), jitter=timedelta(0)), max_attempts=20)
async def write(task: Task, job: Job) -> None:
    """Writes a row that may exist once, with its own completion."""
    async with job.transaction() as tx:
        await tx.execute("INSERT INTO public.written (job_id) VALUES ($1)", job.id)
        tx.result = task.number


@event("fault.happened")
class Happened(msgspec.Struct, frozen=True):
    number: int


app.register(Happened)


@app.on(Happened, mode="ordered", name="noting")
async def noting(events: Sequence[StoredEvent], tx: Transaction) -> None:
    """Notes each event once."""
    for one in events:
        await tx.execute("INSERT INTO public.note (job_id, pid, what) VALUES ($1, $2, 'event')", one.id, os.getpid())


@app.job("die")
async def die(job: Job) -> None:
    """Kills its worker."""
    await _note(job, "began")
    os.kill(os.getpid(), signal.SIGKILL)


app.job("spin", executor="process")(spin)


@app.job("stuck")
def stuck(task: Task) -> None:
    """Never ends, in a thread."""
    threading.Event().wait()


@app.job("elsewhere")
async def elsewhere(task: Task) -> None:
    """Never ends, in a thread of the event loop's."""
    await asyncio.to_thread(threading.Event().wait)


@app.job("stubborn")
async def stubborn(task: Task) -> None:
    """Never ends, whoever cancels it."""
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


class Part(msgspec.Struct, frozen=True):
    """One job of a flow: `fate` is the state it is to end in."""

    number: int
    fate: str
    seconds: float = 0.0


@app.job("part", retry=RetryPolicy(unit=timedelta(0), jitter=timedelta(0)), max_attempts=2)
async def part(part: Part, job: Job) -> int | None:
    """Ends as it is told to; every third one completes in a transaction with a row that may exist once."""
    results = await job.dependency_results()
    if any(one.is_open for one in results.values()):
        raise Discard("it runs before it may")
    if any(one.result != int(name) for name, one in results.items() if one.state == "completed"):
        raise Discard("it sees a wrong result")
    await job.step("wait", lambda: asyncio.sleep(part.seconds))
    match part.fate:
        case "failed":
            raise Discard("its fate")
        case "dead":
            raise RuntimeError("its fate")
        case "cancelled":
            raise Cancel("its fate")
    if part.number % 3:
        return part.number
    async with job.transaction() as tx:
        await tx.execute("INSERT INTO public.written (job_id) VALUES ($1)", job.id)
        tx.result = part.number
    return None


async def _main(settings: dict[str, float]) -> None:
    options = WorkerOptions(
        **{
            name: timedelta(seconds=value) if name in {"lease", "heartbeat", "grace", "poll"} else int(value)
            for name, value in settings.items()
        }
    )
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await app.open(migrating=None)
    async with app.process(options) as process:
        await stopping.wait()
        sys.stdout.write("stopping\n")
    sys.stdout.write(f"stale {process.worker.stale_count}\n")
    await app.close()


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
