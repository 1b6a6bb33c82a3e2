"""The race the fence has to win: many writers that commit out of order, and readers that must lose nothing.

Writers append through the engine's own `append`, hold their transactions open for a while, roll some
back, roll savepoints back, prepare some for two-phase commit and abort part of those. Other sessions
write elsewhere for long, or hold an old snapshot, and the partitions are made while they are written
to. Three readers follow the log at the same time: one up to the safe head, one likewise in a process
that is killed with -9 again and again and goes on where it had committed to be, one naively by
"position after my cursor". At the end all are compared with the log.
"""

import asyncio
import os
import random
import secrets
import signal
import sys
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec

from headrace.db.pool import CONNECTION_ERRORS, ConnectionPool
from headrace.events.event import Stream, event
from headrace.events.head import Head
from headrace.events.partition import PartitionKeeper
from headrace.events.prepare import prepare
from headrace.events.read import head_position, read_batches
from headrace.events.schema import EventRegistry
from headrace.events.store import append
from headrace.telemetry import Telemetry

_PAUSE = 0.005
_AHEAD = 4
_LEADER = "%leader head"


@event("race.run")
class Run(msgspec.Struct, frozen=True):
    """A writer's step."""

    writer: int
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """How hard a race is. `leaders` heads run; with `kills_leader` their sessions are cut again and again, with
    `hangs_leader` another session has the lead and does nothing with it.

    Few `streams` make writers queue for them, which holds the head back for as long as the queue is.
    """

    writers: int
    duration: timedelta
    streams: int = 200
    leaders: int = 1
    kills_leader: bool = False
    hangs_leader: bool = False
    kills_reader: bool = False
    partition_size: int = 1_000
    seed: int = 1


@dataclass(slots=True)
class Reader:
    """What one reader was given, in the order it came."""

    name: str
    positions: array = field(default_factory=lambda: array("q"))
    lags: array = field(default_factory=lambda: array("d"))
    newest: dict[str, int] = field(default_factory=dict)
    reordered: int = 0

    def take(self, position: int, stream: str, version: int, recorded_at: datetime | None = None) -> None:
        self.positions.append(position)
        self.reordered += version < self.newest.get(stream, 0)
        self.newest[stream] = max(version, self.newest.get(stream, 0))
        if recorded_at is not None:
            self.lags.append((datetime.now(UTC) - recorded_at).total_seconds())


@dataclass(frozen=True, slots=True)
class ReaderReport:
    """What became of one reader; lags are seconds from INSERT to delivery, the writer's own delay included."""

    name: str
    delivered: int
    skipped: int
    duplicated: int
    invented: int
    reordered: int
    lag_p50: float
    lag_p99: float


@dataclass(frozen=True, slots=True)
class RaceReport:
    """How a race ended. `drawn` counts the numbers taken, committed or not."""

    committed: int
    drawn: int
    prepared: int
    leader_kills: int
    rolls: int
    reader_kills: int
    fence: ReaderReport
    naive: ReaderReport
    killed: ReaderReport | None


class _Track:
    """What the runners of one race share."""

    def __init__(self, dsn: str, race: Race) -> None:
        self.dsn = dsn
        self.race = race
        self.registry = EventRegistry()
        self.registry.register(Run)
        self.is_over = False
        self.has_finished = False
        self.prepared = 0
        self.leader_kills = 0
        self.reader_kills = 0
        self.head_at_kill: int | None = None
        self.name = secrets.token_hex(6)
        self.allows_prepare = False
        self.heads: list[Head] = []

    def wake_heads(self) -> None:
        for head in self.heads:
            head.wake()


async def run_race(dsn: str, race: Race) -> RaceReport:
    """Runs a race in a migrated, otherwise unused database."""
    track = _Track(dsn, race)
    pool = ConnectionPool(dsn, size=6)
    await pool.open()
    admin = await asyncpg.connect(dsn)
    try:
        await _set_out(admin)
        if race.hangs_leader:
            await admin.execute("SELECT pg_advisory_lock(hashtextextended('headrace head', 0))")
        track.allows_prepare = int(await admin.fetchval("SHOW max_prepared_transactions")) >= race.writers // 2
        track.heads = [Head(pool, telemetry=Telemetry()) for _ in range(race.leaders)]
        for head in track.heads:
            head.start()
        fence, naive = Reader("fence"), Reader("naive")
        readers = [
            asyncio.create_task(_read_to_the_head(track, pool, fence)),
            asyncio.create_task(_read_naively(track, naive)),
        ]
        keeper = PartitionKeeper(pool, telemetry=Telemetry(), size=race.partition_size, ahead=_AHEAD)
        await keeper.run_once()
        helpers = [
            asyncio.create_task(_until_over(track, runner))
            for runner in (_write_elsewhere, _hold_a_snapshot, *([_kill_leader] if race.kills_leader else []))
        ]
        helpers.append(asyncio.create_task(_roll_partitions(track, keeper)))
        if race.kills_reader:
            readers.append(asyncio.create_task(_read_and_die(track)))
        writers = [asyncio.create_task(_write(track, number)) for number in range(race.writers)]
        await asyncio.sleep(race.duration.total_seconds())
        while race.kills_reader and not track.reader_kills and not any(one.done() for one in readers):  # noqa: ASYNC110 - slow to start on a busy machine
            await asyncio.sleep(_PAUSE)
        track.is_over = True
        await asyncio.gather(*writers, *helpers)
        track.wake_heads()
        last = await admin.fetchval("SELECT coalesce(max(position), 0) FROM headrace.event")
        async with asyncio.timeout(30):
            while await head_position(pool) < last:  # noqa: ASYNC110 - another session decides
                await asyncio.sleep(_PAUSE)
        track.has_finished = True
        await asyncio.gather(*readers)
        return await _report(admin, track, fence, naive)
    finally:
        for head in track.heads:
            await head.stop()
        await admin.close()
        await pool.close()


async def _until_over(track: _Track, runner: Callable[[_Track, asyncpg.Connection], Awaitable[None]]) -> None:
    session = await asyncpg.connect(track.dsn)
    try:
        while not track.is_over:
            await runner(track, session)
    finally:
        await session.close()


async def _set_out(admin: asyncpg.Connection) -> None:
    """The race's own tables; and a log whose partitions are still to be made, of a size that is soon full."""
    await admin.execute(
        "CREATE TABLE race_work (n bigint);"
        "CREATE TABLE race_seen (nth bigint GENERATED ALWAYS AS IDENTITY, position bigint, stream text, version int);"
        "CREATE TABLE race_cursor (position bigint); INSERT INTO race_cursor VALUES (0)"
    )
    for row in await admin.fetch("SELECT name FROM headrace.event_partitions() WHERE class = 'domain'"):
        await admin.execute(f"DROP TABLE headrace.{row['name']}")


async def _roll_partitions(track: _Track, keeper: PartitionKeeper) -> None:
    while not track.is_over:
        with suppress(asyncpg.LockNotAvailableError):  # writers in the default partition: later
            await keeper.run_once()
        await asyncio.sleep(0.05)


async def _read_and_die(track: _Track) -> None:
    """Starts the reader again each time it was killed; the last one reads to the end."""
    chance = random.Random(track.race.seed)
    while True:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("fence_reader.py")),
            track.dsn,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 20)):
                if not await process.stdout.readline():
                    raise RuntimeError("the reader ended by itself")
                if track.is_over:
                    break
            if track.is_over:
                await _wait_read(track)
        finally:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            await process.communicate()
        if track.has_finished:
            return
        track.reader_kills += 1


async def _wait_read(track: _Track) -> None:
    """Until the reader has read everything: it has been killed often and may be far behind, but must get on."""
    session = await asyncpg.connect(track.dsn)
    try:
        read = -1
        async with asyncio.timeout(30) as patience:
            while True:
                row = await session.fetchrow(
                    "SELECT position, position >= (SELECT coalesce(max(position), 0) FROM headrace.event) AS is_there "
                    "FROM race_cursor"
                )
                if row["is_there"] and track.has_finished:
                    return
                if row["position"] > read:
                    read = row["position"]
                    patience.reschedule(asyncio.get_running_loop().time() + 30)
                await asyncio.sleep(_PAUSE)
    finally:
        await session.close()


async def _write_elsewhere(track: _Track, session: asyncpg.Connection) -> None:
    async with session.transaction():
        await session.execute("INSERT INTO race_work VALUES (0)")
        await asyncio.sleep(1)


async def _hold_a_snapshot(track: _Track, session: asyncpg.Connection) -> None:
    async with session.transaction(isolation="repeatable_read"):
        await session.fetchval("SELECT count(*) FROM headrace.event")
        await asyncio.sleep(1)


async def _kill_leader(track: _Track, session: asyncpg.Connection) -> None:
    await asyncio.sleep(0.7)
    head = await session.fetchval("SELECT position FROM headrace.head")
    if head == track.head_at_kill:
        return  # on a busy machine: killed before it settles anything, again and again, it never could
    track.head_at_kill = head
    track.leader_kills += await session.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE application_name LIKE $1 AND datname = current_database()",
        _LEADER,
    )


async def _write(track: _Track, number: int) -> None:
    session = await asyncpg.connect(track.dsn)
    chance = random.Random(f"{track.race.seed}/{number}")
    step = 0
    try:
        while not track.is_over:
            step += 1
            await _write_once(track, session, chance, number, step)
            track.wake_heads()
    finally:
        await session.close()


async def _write_once(
    track: _Track, session: asyncpg.Connection, chance: random.Random, number: int, step: int
) -> None:
    """One transaction; positions drawn in it come before or after those of others, as it happens."""
    is_prepared = track.allows_prepare and chance.random() < 0.08
    is_lost = chance.random() < (0.3 if is_prepared else 0.1)
    await session.execute("BEGIN")
    if chance.random() < 0.5:  # an early transaction id with a late position
        await session.execute("INSERT INTO race_work VALUES ($1)", step)
    if chance.random() < 0.2:
        await session.execute("SAVEPOINT attempt")
        await append(session, _events(track, chance, number, step))
        await _hold(chance)
        await session.execute("ROLLBACK TO SAVEPOINT attempt")
    await append(session, _events(track, chance, number, step))
    await _hold(chance)
    if is_prepared:
        name = f"race {track.name} {number} {step}"
        await session.execute(f"PREPARE TRANSACTION '{name}'")
        track.prepared += 1
        await _hold(chance)
        await session.execute(f"{'ROLLBACK' if is_lost else 'COMMIT'} PREPARED '{name}'")
    else:
        await session.execute("ROLLBACK" if is_lost else "COMMIT")


def _events(track: _Track, chance: random.Random, number: int, step: int) -> list:
    return [
        prepare(
            track.registry,
            Run(number, step),
            source="race",
            stream=Stream("lap", str(chance.randrange(track.race.streams))),
        )
        for _ in range(chance.choice((1, 1, 1, 2, 3, 5)))
    ]


async def _hold(chance: random.Random) -> None:
    """Between a statement and the next: mostly nothing, sometimes milliseconds, rarely long."""
    dice = chance.random()
    if dice < 0.02:
        await asyncio.sleep(chance.uniform(0.05, 0.25))
    elif dice < 0.3:
        await asyncio.sleep(chance.uniform(0.0, 0.02))


async def _read_to_the_head(track: _Track, pool: ConnectionPool, reader: Reader) -> None:
    cursor = 0
    while True:
        is_last = track.has_finished
        with suppress(*CONNECTION_ERRORS):
            async for page in read_batches(pool, track.registry, after=cursor):
                for one in page:
                    reader.take(one.position, str(one.stream), one.stream_version or 0, one.recorded_at)
                cursor = page[-1].position
        if is_last:
            return
        await asyncio.sleep(_PAUSE)


async def _read_naively(track: _Track, reader: Reader) -> None:
    """What everyone writes first: remember the highest position seen, and ask for what comes after."""
    session = await asyncpg.connect(track.dsn)
    cursor = 0
    try:
        while True:
            is_last = track.has_finished
            rows = await session.fetch(
                "SELECT position, aggregate_type || '/' || aggregate_id, stream_version, recorded_at "
                "FROM headrace.event WHERE position > $1 ORDER BY position LIMIT 1000",
                cursor,
            )
            for row in rows:
                reader.take(*row)
                cursor = row[0]
            if is_last and not rows:
                return
            await asyncio.sleep(_PAUSE)
    finally:
        await session.close()


async def _report(admin: asyncpg.Connection, track: _Track, fence: Reader, naive: Reader) -> RaceReport:
    truth = {row[0] for row in await admin.fetch("SELECT position FROM headrace.event")}
    drawn = await admin.fetchval("SELECT last_value FROM headrace.event_position_seq")
    killed = None
    if track.race.kills_reader:
        killed = Reader("killed")
        for row in await admin.fetch("SELECT position, stream, version FROM race_seen ORDER BY nth"):
            killed.take(*row)
    return RaceReport(
        committed=len(truth),
        drawn=drawn,
        prepared=track.prepared,
        leader_kills=track.leader_kills,
        rolls=await admin.fetchval("SELECT count(*) FROM headrace.event_partitions() WHERE class = 'domain'")
        - _AHEAD
        - 1,
        reader_kills=track.reader_kills,
        fence=judge(fence, truth),
        naive=judge(naive, truth),
        killed=None if killed is None else judge(killed, truth),
    )


def judge(reader: Reader, truth: set[int]) -> ReaderReport:
    """Compares what a reader was given with what the log holds in the end."""
    counts = Counter(reader.positions)
    lags = sorted(reader.lags) or [0.0]
    return ReaderReport(
        name=reader.name,
        delivered=len(reader.positions),
        skipped=len(truth - counts.keys()),
        duplicated=sum(count - 1 for count in counts.values()),
        invented=len(counts.keys() - truth),
        reordered=reader.reordered,
        lag_p50=lags[len(lags) // 2],
        lag_p99=lags[len(lags) * 99 // 100],
    )
