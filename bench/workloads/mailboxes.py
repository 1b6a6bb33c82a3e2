"""Mail with everything on: people, stats, scores, insights, passages, vectors; a whole mailbox, and single messages."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID

import asyncpg

from bench.contest import Contest, Contestant, Round, SkippedError, Wanted
from bench.processor import spent, spent_by
from bench.quality.mailbox import CORPUS, import_done, most_frequent_author
from bench.stage import Stage
from bench.workers import WorkerProcess, engine_command, worker_processes
from headrace import Headrace
from headrace_crm.app import create_app
from headrace_crm.config import Settings
from headrace_crm.contacts.extraction import people_finder
from headrace_crm.demo import write_mailbox
from headrace_crm.enrichment.matching import FOLLOWING
from headrace_crm.insights.backlog import settled_with_insights
from headrace_crm.mail.following import follow_mail
from headrace_crm.mail.importing import start_import
from headrace_crm.mail.model import ParsedMessage
from headrace_crm.mail.owners import find_owners, lock_owner
from headrace_crm.mail.parse import parse_message
from headrace_crm.mail.providers.mbox import read_mbox
from headrace_crm.mail.storing import ReadMessage, store_messages

_WORKERS: Final = 2
_SECONDS_WANTED: Final = 180
_CPU_MS_WANTED: Final = 20
_LOOK_SECONDS: Final = 0.1
_LONGEST_SECONDS: Final = 1_800
_EVERY_SECONDS: Final = 0.2
_WARM_UP: Final = 8
"""Messages stored before any is counted: what a process does once, such as preparing statements, is no cost of each."""
_WORKER: Final = engine_command("create_app", module="headrace_crm.app")
_ENDS_AT: Final = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Used:
    """Seconds of CPU, or seconds a second."""

    worker: float
    server: float


@dataclass(frozen=True, slots=True)
class _Measured:
    """A worker process and its server. `looker` is a connection that only looks whether all is done.

    What they spend at rest is measured for `rest_seconds`.
    """

    app: Headrace
    session: asyncpg.Connection
    looker: asyncpg.Connection
    worker: int
    rest_seconds: int

    async def spent(self) -> _Used:
        """What both have spent until now; what the looks cost is not in it."""
        server = (await spent(self.session)).server
        return _Used(spent_by(self.worker), server - spent_by(self.looker.get_server_pid()) if server else 0.0)

    async def at_rest(self) -> _Used:
        """What both spend a second while nothing comes; to be asked before and after."""
        before, started = await self.spent(), time.perf_counter()
        await asyncio.sleep(self.rest_seconds)
        after, seconds = await self.spent(), time.perf_counter() - started
        return _Used((after.worker - before.worker) / seconds, (after.server - before.server) / seconds)

    async def wait_owner(self, owner_id: UUID) -> None:
        """Returns when everything that follows from the owner's mail is done."""
        async with asyncio.timeout(_LONGEST_SECONDS):
            while not await self._is_done(owner_id):  # noqa: ASYNC110 - what is waited for is in the database
                await asyncio.sleep(_LOOK_SECONDS)

    async def _is_done(self, owner_id: UUID) -> bool:
        return (await settled_with_insights(self.looker, owner_id, now=datetime.now(UTC))).is_settled


@asynccontextmanager
async def mailbox(stage: Stage) -> AsyncGenerator[Contest]:
    """The main corpus by two workers, from the command to the last insight; in a smoke a small made-up mailbox."""
    if not stage.is_quick and not CORPUS.exists():
        raise SkippedError(f"there is no mailbox at {CORPUS}")
    with TemporaryDirectory() as folder:
        path, owners, count = _small(Path(folder)) if stage.is_quick else _corpus()
        yield Contest(
            name="mailbox",
            title=f"import {count:,} messages with everything on, {_WORKERS} workers",
            measure="rate",
            unit="messages/s",
            rounds=1,
            wanted=Wanted(rate=None if stage.is_quick else count / _SECONDS_WANTED),
            contestants=(Contestant("headrace", lambda: _import(stage, path, owners, count)),),
        )


@asynccontextmanager
async def messages(stage: Stage) -> AsyncGenerator[Contest]:
    """New messages to a mailbox of some hundreds, one by one: each followed to its end, and five a second."""
    count, had = stage.pick(40, 2), stage.pick(600, 100)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "old.mbox"
        warm_up = stage.pick(_WARM_UP, 1)
        owners, new = _divided(Path(folder), path, had, warm_up + 2 * count)
        async with stage.database() as dsn, create_app(dsn, settings=Settings()) as app:
            session, looker = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
            try:
                async with worker_processes(_WORKER, dsn=dsn, count=1) as (worker,):
                    measured = _Measured(app, session, looker, worker.pid, stage.pick(10, 1))
                    await _wait_import(app, await start_import(app, path, owners))
                    async with app.pool.acquire() as connection:
                        (owner_id,) = await find_owners(connection, owners)
                    # Else it is done at some time while messages are counted.
                    await session.execute("VACUUM (ANALYZE)")
                    await _store_all(measured, owner_id, new[:warm_up], waits=False)
                    await measured.wait_owner(owner_id)
                    single, several = new[warm_up : warm_up + count], new[warm_up + count :]
                    yield Contest(
                        name="message",
                        title="worker CPU for a new message with everything on",
                        measure="latency",
                        unit="ms",
                        rounds=1,
                        wanted=Wanted(p50_ms=_CPU_MS_WANTED),
                        contestants=(
                            Contestant(
                                "each followed to its end",
                                lambda: _store(measured, owner_id, single, waits=True),
                            ),
                            Contestant(
                                "five a second",
                                lambda: _store(measured, owner_id, several, waits=False),
                            ),
                        ),
                    )
            finally:
                await session.close()
                await looker.close()


def _corpus() -> tuple[Path, Sequence[str], int]:
    return CORPUS, [most_frequent_author(CORPUS)], sum(1 for _ in read_mbox(CORPUS))


def _small(folder: Path) -> tuple[Path, Sequence[str], int]:
    made = write_mailbox(folder / "small.mbox", messages=100, ends_at=_ENDS_AT)
    return made.path, made.owner_addresses, made.message_count


def _divided(folder: Path, old: Path, had: int, count: int) -> tuple[Sequence[str], list[ReadMessage]]:
    """Writes all but the newest of a made-up mailbox to `old`; returns its owner, and `count` of the newest."""
    made = write_mailbox(folder / "whole.mbox", messages=had + count, ends_at=_ENDS_AT)
    read: list[tuple[ParsedMessage, bytes]] = []
    for item in read_mbox(made.path):
        message = parse_message(item.raw, now=_ENDS_AT)
        if isinstance(message, ParsedMessage):
            read.append((message, item.raw))
    read.sort(key=lambda each: each[0].sent_at)
    kept, new = read[:-count], read[-count:]
    old.write_bytes(
        b"".join(
            b"From a Mon Jan  5 10:00:00 2026\n" + raw.replace(b"\nFrom ", b"\n>From ") + b"\n\n" for _, raw in kept
        )
    )
    return made.owner_addresses, [ReadMessage(message.message_key, raw, message) for message, raw in new]


async def _import(stage: Stage, path: Path, owners: Sequence[str], count: int) -> Round:
    async with stage.database() as dsn, create_app(dsn, settings=Settings()) as app:
        session = await asyncpg.connect(dsn)
        try:
            async with worker_processes(_WORKER, dsn=dsn, count=_WORKERS) as workers:
                before, server = _cpu(workers), await spent(session)
                started = time.perf_counter()
                await _wait_import(app, await start_import(app, path, owners, "latest"))
                seconds = time.perf_counter() - started
                used, there = _cpu(workers) - before, (await spent(session)).since(server).server
        finally:
            await session.close()
    return Round([count / seconds], {"seconds": seconds, "CPU s of workers": used, "of the server": there})


async def _store(measured: _Measured, owner_id: UUID, new: Sequence[ReadMessage], *, waits: bool) -> Round:
    """Milliseconds of CPU for a message: of the worker beyond what it spends at rest, and of storing it here."""
    idle = await measured.at_rest()
    before, started = await measured.spent(), time.perf_counter()
    here = await _store_all(measured, owner_id, new, waits=waits)
    await measured.wait_owner(owner_id)
    elapsed = time.perf_counter() - started
    after = await measured.spent()
    # The lesser of two rests, so that what only one of them did is not taken off the messages.
    then = await measured.at_rest()
    idle = _Used(min(idle.worker, then.worker), min(idle.server, then.server))
    used = after.worker - before.worker - idle.worker * elapsed + here
    there = after.server - before.server - idle.server * elapsed
    per = 1_000 / len(new)
    return Round(
        [used * per], {"CPU of the server, ms": there * per, "worker at rest, ms a second": 1_000 * idle.worker}
    )


async def _store_all(measured: _Measured, owner_id: UUID, new: Sequence[ReadMessage], *, waits: bool) -> float:
    """Stores messages, as a worker does that mirrors a mailbox; the seconds of CPU it took in this process."""
    app, find_people, here = measured.app, people_finder(measured.app, FOLLOWING), 0.0
    for each in new:
        began = time.process_time()
        parsed = ReadMessage(each.message_key, each.raw, parse_message(each.raw, now=_ENDS_AT))
        async with app.transaction() as tx:
            owner = await lock_owner(tx.connection, owner_id)
            await store_messages(tx, owner, [parsed], import_id=None, source="mbox")
            await follow_mail(tx, owner, find_people)
        here += time.process_time() - began
        await (measured.wait_owner(owner_id) if waits else asyncio.sleep(_EVERY_SECONDS))
    return here


def _cpu(workers: Sequence[WorkerProcess]) -> float:
    return sum(spent_by(worker.pid) for worker in workers)


async def _wait_import(app: Headrace, job_id: UUID) -> None:
    async with asyncio.timeout(_LONGEST_SECONDS):
        while not await import_done(app, job_id):  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(_LOOK_SECONDS)
