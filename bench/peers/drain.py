"""How fast the workers of a peer drain what was stored: what they print of themselves, on one clock."""

import asyncio
import time
from collections.abc import Sequence

import asyncpg

from bench.contest import EVENNESS, Round
from bench.peers.peer import Peer
from bench.workers import WorkerProcess, worker_processes

_LONGEST_SECONDS = 30.0
_TENTH = 0.1

Sample = tuple[float, int]
"""Seconds since the start, and how many jobs were done by then."""


async def drain(peer: Peer, dsn: str, *, workers: int, holding: asyncpg.Connection | None = None) -> Round:
    """Starts and halts the workers, stores the jobs, lets all go on at once; cut after half a minute.

    `holding` holds a REPEATABLE READ snapshot from before the jobs are stored.
    """
    transaction = None
    if holding is not None:
        transaction = holding.transaction(isolation="repeatable_read")
        await transaction.start()
        await holding.fetchval("SELECT count(*) FROM pg_class")
    try:
        command = peer.program(dsn, "work")
        async with worker_processes(command, dsn=dsn, count=workers, is_module=False) as processes:
            for process in processes:
                process.pause()
            await peer.call(dsn, "many", peer.drained)
            samples = await _watch(processes, peer.drained)
    finally:
        if transaction is not None:
            await transaction.rollback()
    return _round(samples, peer.drained)


async def _watch(processes: Sequence[WorkerProcess], count: int) -> list[Sample]:
    done = [0] * len(processes)
    began = time.monotonic_ns()
    samples: list[Sample] = [(0.0, 0)]
    ended = asyncio.Event()

    async def read(which: int) -> None:
        while line := await processes[which].read_line():
            moment, _, total = line.partition(" ")
            done[which] = int(total)
            samples.append(((int(moment) - began) / 1e9, sum(done)))
            if sum(done) >= count:
                ended.set()

    readers = [asyncio.create_task(read(which)) for which in range(len(processes))]
    for process in processes:
        process.go_on()
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            await ended.wait()
    except TimeoutError:
        samples.append((_LONGEST_SECONDS, sum(done)))
    finally:
        for process in processes:
            process.require_running()
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    return sorted(samples)


def _round(samples: Sequence[Sample], count: int) -> Round:
    seconds, done = samples[-1]
    figures: dict[str, float] = {}
    if done >= count:
        first = next(sample for sample in samples if sample[1] >= count * _TENTH)
        last = next(sample for sample in reversed(samples) if sample[1] <= count * (1 - _TENTH))
        figures[EVENNESS] = (count - last[1]) / (seconds - last[0]) / (first[1] / first[0])
    else:
        figures["cut: % of the jobs done"] = 100 * done / count
    return Round([max(done, 1) / seconds], figures)


async def latencies(peer: Peer, dsn: str, *, count: int, gap_milliseconds: int) -> Sequence[float]:
    """Milliseconds from the call that stores a job to the first line of its handler, on an idle worker."""
    started: dict[int, int] = {}
    async with worker_processes(peer.program(dsn, "work"), dsn=dsn, count=1, is_module=False) as [worker]:

        async def read() -> None:
            while line := await worker.read_line():
                words = line.split()
                if words[0] == "start":
                    started[int(words[1])] = int(words[2])

        reader = asyncio.create_task(read())
        printed = await peer.call(dsn, "drip", count, gap_milliseconds)
        called = {int(number): int(moment) for number, moment in map(str.split, printed.splitlines())}
        async with asyncio.timeout(_LONGEST_SECONDS):
            while len(started) < len(called):
                worker.require_running()
                await asyncio.sleep(_TENTH)
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
    # The first ones pay for opening sessions.
    return [(started[number] - called[number]) / 1e6 for number in sorted(called)[5:]]
