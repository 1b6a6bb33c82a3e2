"""From a letter that arrives at the server to its row: push, webhook, job, requests, commit."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import asyncpg

from bench.contest import Contest, Contestant, Wanted
from bench.stage import Stage
from headrace.db.statements import statement
from headrace_crm.cli.demo_stage import DemoStage, demo_stage
from headrace_crm.cli.demo_sync import sign_in
from headrace_crm.mail.sync.steering import read_standing

_MESSAGES = 100
_LOOK_SECONDS: Final = 0.002
_REST_SECONDS: Final = 0.05
_LONGEST_SECONDS: Final = 60.0
_P95_WANTED_MS: Final = 1_000
_LETTER = (
    "From: Guest {n} <guest-{n}@weir.example>\r\nTo: {to}\r\nSubject: Letter {n}\r\n"
    "Message-ID: <{n}@weir.example>\r\n\r\nThe water is high.\r\n"
)


@asynccontextmanager
async def pushes(stage: Stage) -> AsyncIterator[Contest]:
    """A linked and wholly mirrored mailbox; the sandbox and the webhook are in this process, the worker in another."""
    count, warm_ups = stage.pick(60, 3), stage.pick(3, 1)
    async with (
        stage.database() as dsn,
        demo_stage(dsn, os.environ, seed=7, messages=_MESSAGES, worker_count=1) as stand,
    ):
        account = await sign_in(stand)
        session = await asyncpg.connect(dsn)
        try:
            await _mirrored(stand, session, account.id)
            yield Contest(
                name="push",
                title="letter to stored message, by push, idle system",
                measure="latency",
                unit="ms",
                rounds=stage.pick(2, 1),
                wanted=Wanted(p95_ms=_P95_WANTED_MS),
                contestants=(Contestant("headrace", lambda: _measure(stand, session, account.id, warm_ups, count)),),
            )
        finally:
            await session.close()


async def _mirrored(stand: DemoStage, session: asyncpg.Connection, account_id: UUID) -> None:
    async with asyncio.timeout(_LONGEST_SECONDS):
        while True:
            standing = await read_standing(stand.app, account_id)
            if standing.listing == "done" and not standing.waiting and standing.watch_expires_at is not None:
                break
            await asyncio.sleep(_REST_SECONDS)
    await _at_rest(session)


async def _measure(
    stand: DemoStage, session: asyncpg.Connection, account_id: UUID, warm_ups: int, count: int
) -> Sequence[float]:
    readings: list[float] = []
    mailbox = stand.sandbox.google.mailbox()
    for number in range(warm_ups + count):
        letter = _LETTER.format(n=f"{mailbox.history_id}", to=mailbox.email).encode()
        began = time.perf_counter()
        message = mailbox.deliver(letter)
        await _stored(session, account_id, message.id)
        if number >= warm_ups:
            readings.append((time.perf_counter() - began) * 1_000)
        await _at_rest(session)
    return readings


async def _stored(session: asyncpg.Connection, account_id: UUID, message_id: str) -> None:
    async with asyncio.timeout(_LONGEST_SECONDS):
        while not await session.fetchval(  # noqa: ASYNC110 - another process's commit tells this one nothing
            statement("bench", "letter_stored"), account_id, message_id
        ):
            await asyncio.sleep(_LOOK_SECONDS)


async def _at_rest(session: asyncpg.Connection) -> None:
    """Returns when nothing is left to do, the second look after something new included."""
    async with asyncio.timeout(_LONGEST_SECONDS):
        while not await session.fetchval(statement("bench", "mirror_at_rest")):  # noqa: ASYNC110 - as above
            await asyncio.sleep(_REST_SECONDS)
