"""What tests of jobs share: an open app, a worker that hurries, records of what happened, real worker processes."""

import asyncio
import inspect
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from headrace import Headrace, Record, RetryPolicy, Telemetry, WorkerOptions, event
from headrace.jobs.browse import JobDetail, show_job
from headrace.process import Process
from headrace.testing import VirtualClock

AT_ONCE = RetryPolicy(unit=timedelta(0), jitter=timedelta(0))
APPS = Path(__file__).parent / "acceptance" / "apps"
_LOOK_SECONDS = 0.01

SOMEBODY_WAITS = (
    "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE NOT granted AND datname = current_database())"
)
"""Whether a session of this database waits for a lock; who waits for a row waits for a lock of no database."""


async def eventually(condition: Callable[[], Any], timeout: float = 10, *, what: str = "") -> Any:
    """The first true answer of a condition (plain or async), looked at again and again for `timeout` seconds."""
    ends = time.monotonic() + timeout
    while True:
        answer = condition()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() > ends:
            raise AssertionError(f"not so within {timeout} s: {what or inspect.getsource(condition).strip()}")
        await asyncio.sleep(_LOOK_SECONDS)


class Records(list[Record]):
    """Every record an app emitted."""

    def named(self, name: str) -> list[Record]:
        return [record for record in self if record.name == name]


class Bench:
    """An open app with everything a test asks of it."""

    def __init__(self, app: Headrace, records: Records) -> None:
        self.app = app
        self.records = records

    @asynccontextmanager
    async def working(self, **options: Any) -> AsyncIterator[Process]:
        """A worker (and all its loops) for a block; stops without waiting for handlers that hang."""
        chosen = {"poll": timedelta(milliseconds=100), "grace": timedelta(seconds=2), **options}
        process = self.app.process(WorkerOptions(**chosen))
        await process.start()
        try:
            yield process
        finally:
            await process.stop()

    async def show(self, job: Any) -> JobDetail:
        """Everything stored of a job, given the job, what enqueueing gave, or an id."""
        async with self.app.pool.acquire() as connection:
            return await show_job(connection, job if isinstance(job, UUID) else job.id)

    async def state(self, job: Any) -> str:
        return (await self.show(job)).state

    async def reaches(self, job: Any, state: str, timeout: float = 10) -> JobDetail:
        """The job once it is in a state."""
        found: list[JobDetail] = []

        async def is_there() -> bool:
            found[:] = [await self.show(job)]
            return found[0].state == state

        try:
            await eventually(is_there, timeout)
        except AssertionError:
            raise AssertionError(f"job is {found[0].state}, not {state}: {found[0]}") from None
        return found[0]

    async def value(self, query: str, *args: Any) -> Any:
        async with self.app.pool.acquire() as connection:
            return await connection.fetchval(query, *args)

    async def counts(self) -> dict[str, int]:
        async with self.app.pool.acquire() as connection:
            rows = await connection.fetch("SELECT state, count(*) FROM headrace.job_state GROUP BY 1")
        return dict(rows)


@asynccontextmanager
async def opened_bench(dsn: str, *, migrating: bool | None = None, **options: Any) -> AsyncIterator[Bench]:
    records = Records()
    app = Headrace(dsn, name="tests", telemetry=Telemetry(records.append), say=lambda _: None, **options)
    await app.open(migrating=migrating)
    try:
        yield Bench(app, records)
    finally:
        await app.close()


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    """An open app on the test's database, without handlers."""
    async with opened_bench(database) as bench:
        yield bench


@pytest.fixture
def app(bench: Bench) -> Headrace:
    return bench.app


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2031, 5, 1, 12, tzinfo=UTC))


@pytest.fixture
async def clocked(database: str, clock: VirtualClock) -> AsyncIterator[Bench]:
    """An open app whose statements take their time from `clock`."""
    async with opened_bench(database, clock=clock) as bench:
        yield bench


def send(process: Any, number: signal.Signals) -> None:
    """Sends a signal to a process of `subprocess` or asyncio; to one that has ended, nothing.

    asyncio's own `kill` asks for the exit code first, and where the process has just died it takes the code away from
    asyncio, which then calls it 255.
    """
    with suppress(ProcessLookupError):
        os.kill(process.pid, number)


class WorkerProcess:
    """A real worker process of an app of `acceptance/apps`."""

    def __init__(
        self,
        dsn: str,
        log: Path,
        *,
        options: dict[str, Any] | None,
        arguments: tuple[str, ...],
        app: str = "faults:app",
        hours: str | None = None,
    ) -> None:
        program = ["headrace.cli"] if hours is None else ["stepped", hours]
        if options is not None:
            command = [sys.executable, "-W", "error", "-m", "faults", json.dumps(options)]
        else:
            command = [sys.executable, "-m", *program, "--app", app, "worker", *arguments]
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                command,
                cwd=APPS,
                env={**os.environ, "HEADRACE_DATABASE_URL": dsn, "PYTHONPATH": _search_path()},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.pid = self.process.pid

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    async def ends(self, timeout: float = 10) -> int:
        """The exit code, once the process has ended."""
        await eventually(lambda: self.process.poll() is not None, timeout, what=f"worker {self.pid} ends")
        return self.process.returncode

    def told(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def _search_path() -> str:
    """Where a worker finds its app, before what this process was told itself."""
    return os.pathsep.join([str(APPS), str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[Callable[..., WorkerProcess]]:
    """Starts worker processes that end with the test: with `options` the program of `faults.py`, else the command.

    `hours` sets the machine's clock as `stepped.py` says.
    """
    started: list[WorkerProcess] = []

    def start(
        dsn: str, *arguments: str, app: str = "faults:app", hours: str | None = None, **options: Any
    ) -> WorkerProcess:
        log = tmp_path / f"worker-{len(started)}.log"
        started.append(WorkerProcess(dsn, log, options=options or None, arguments=arguments, app=app, hours=hours))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.process.send_signal(signal.SIGCONT)
            worker.kill()


async def registered(connection: asyncpg.Connection, count: int, timeout: float = 10) -> list[asyncpg.Record]:
    """The rows of the workers, once there are so many."""

    async def rows() -> list[asyncpg.Record]:
        found = await connection.fetch("SELECT * FROM headrace.worker ORDER BY id")
        return found if len(found) == count else []

    return await eventually(rows, timeout, what=f"{count} workers are registered")


TASKS = ("note", "count", "rest", "block", "thread", "write", "die", "spin", "stuck", "elsewhere", "stubborn", "spared")


@event("fault.happened")
class Happened(msgspec.Struct, frozen=True):
    """The event of `faults.py`."""

    number: int


class Ledger:
    """What worker processes did, as the database tells it; and the app that gives them jobs."""

    def __init__(self, sender: Headrace, connection: asyncpg.Connection) -> None:
        self.sender = sender
        self.connection = connection

    async def make_tables(self) -> None:
        await self.connection.execute(
            "CREATE TABLE public.note"
            " (job_id uuid, attempt int, pid int, what text, at timestamptz DEFAULT clock_timestamp());"
            "CREATE TABLE public.written (job_id uuid)"
        )

    async def give(self, kind: str, count: int = 1, *, seconds: float = 0, **options: Any) -> list[UUID]:
        """Enqueues so many jobs of a kind of `faults.py`, numbered from 0."""
        tasks = [{"number": number, "seconds": seconds} for number in range(count)]
        return [job.id for job in await self.sender.enqueue_many(kind, tasks, max_attempts=50, **options)]

    async def tell(self, count: int = 1) -> None:
        """Appends so many events that `faults.py` notes."""
        async with self.sender.transaction() as tx:
            for number in range(count):
                await tx.append(Happened(number))

    async def value(self, query: str, *args: Any) -> Any:
        return await self.connection.fetchval(query, *args)

    async def notes(self, what: str, pid: int | None = None) -> int:
        return await self.value(
            "SELECT count(*) FROM public.note WHERE what = $1 AND ($2::int IS NULL OR pid = $2)", what, pid
        )

    async def states(self) -> dict[str, int]:
        rows = await self.connection.fetch("SELECT state, count(*) FROM headrace.job_state GROUP BY 1")
        return dict(rows)

    async def is_over(self, count: int) -> bool:
        """Whether so many jobs have completed and none is anywhere else."""
        return await self.states() == {"completed": count}


@asynccontextmanager
async def opened_ledger(dsn: str) -> AsyncIterator[Ledger]:
    connection = await asyncpg.connect(dsn)
    sender = Headrace(dsn, name="sender", telemetry=Telemetry(), say=lambda _: None)
    for kind in TASKS:
        sender.declare(kind)
    sender.register(Happened)
    await sender.open()
    ledger = Ledger(sender, connection)
    await ledger.make_tables()
    try:
        yield ledger
    finally:
        await sender.close()
        connection.terminate()


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Ledger]:
    """What the worker processes of the test did in its database."""
    async with opened_ledger(database) as ledger:
        yield ledger
