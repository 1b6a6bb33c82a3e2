"""What tests of relays share: real relay processes, and a writer that goes on while they are killed."""

import asyncio
import os
import random
import signal
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from fix_apps import Bench, eventually, send
from fix_events import ContactCreated, NoteTaken
from fix_server_program import ServerProgram
from headrace import Stream


@asynccontextmanager
async def relay_process(dsn: str, *arguments: str):
    """`headrace relay ...` as a process of its own; killed at the end of the block, if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "headrace.cli", "relay", *arguments),
        env={**os.environ, "HEADRACE_DATABASE_URL": dsn},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            send(process, signal.SIGKILL)
        await process.communicate()


@pytest.fixture
def noting(bench: Bench) -> Bench:
    """An app that knows what is written here."""
    bench.app.register(NoteTaken, ContactCreated)
    return bench


async def storm(
    bench: Bench, dsn: str, server: ServerProgram, name: str, *arguments: str, chance: random.Random
) -> None:
    """Kills relays and the server by turns while events are written; returns when all of them are published."""
    ended = asyncio.Event()
    async with bench.working():
        writing = asyncio.create_task(write(bench, ended, chance))
        for turn in range(6):
            async with AsyncExitStack() as relays:
                # Two at a time: the one that waits takes over from the one that is killed.
                first, _ = [
                    await relays.enter_async_context(
                        relay_process(dsn, server.url, "--name", name, "--batch", "50", *arguments)
                    )
                    for _ in range(2)
                ]
                await passes(bench, name, await position_of(bench, name))
                await asyncio.sleep(chance.random() * 0.3)
                if turn % 2:
                    server.kill()
                    await asyncio.sleep(chance.random() * 0.5)
                    await server.start()
                else:
                    send(first, signal.SIGKILL)
                await passes(bench, name, await position_of(bench, name))
        ended.set()
        await writing
        async with relay_process(dsn, server.url, "--name", name, *arguments):
            await wait_until_published(bench, name, 60)


async def write(bench: Bench, ended: asyncio.Event, chance: random.Random) -> None:
    """Appends small transactions, with and without streams, until it is told to stop."""
    while not ended.is_set():
        async with bench.app.transaction() as tx:
            for _ in range(chance.randrange(1, 20)):
                if chance.random() < 0.5:
                    await tx.append(NoteTaken("x" * chance.randrange(2_000)))
                else:
                    await tx.append(ContactCreated("Ada"), stream=Stream("contact", str(chance.randrange(50))))
        await asyncio.sleep(0.001)


async def logged(bench: Bench) -> list[tuple[int, str]]:
    """Position and id of every event of the log, in order."""
    async with bench.app.pool.acquire() as connection:
        rows = await connection.fetch("SELECT position, id FROM headrace.event ORDER BY position")
    return [(row["position"], str(row["id"])) for row in rows]


async def wait_until_published(bench: Bench, name: str, timeout: float) -> None:
    """Returns when a relay has passed the last event of the log."""
    last = await bench.value("SELECT max(position) FROM headrace.event")
    await passes(bench, name, last - 1, timeout)


async def position_of(bench: Bench, name: str) -> Any:
    return await bench.value("SELECT coalesce(min(position), 0) FROM headrace.checkpoint WHERE subscription = $1", name)


async def passes(bench: Bench, name: str, position: int, timeout: float = 30) -> None:
    """Returns when a relay has passed a position."""

    async def has_passed() -> bool:
        return await position_of(bench, name) > position

    await eventually(has_passed, timeout, what=f"{name} passes {position}")
