"""Search 100,000 passages by words and meaning: passages and vectors as the CRM makes them, the index made once.

The letters are made up; everything after them is the product's own: cut into passages, stored with their words,
embedded, found by the call that `crm search` makes. The index of the vectors alone is left out while they are stored
and made of all of them after, by the CRM's own definition: row by row it takes many times as long. What
the command adds (a process that starts, connects and loads the model) is told beside, and the time of the processors
that a search takes, here and in the server: on a machine in use that tells more than the clock.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from uuid import UUID

import asyncpg

from bench.contest import Contest, Contestant, Round, Wanted
from bench.indexing import vectors_indexed_after
from bench.processor import spent
from bench.stage import Stage
from bench.workloads.letters import Letters
from headrace import Headrace
from headrace.db.address import ENVIRONMENT
from headrace.db.statements import statement
from headrace_crm.app import create_app, create_desk, create_embedder
from headrace_crm.config import Settings
from headrace_crm.config.search import SearchSettings
from headrace_crm.search.desk import Desk, Question
from headrace_crm.search.embedding import EmbedPassages, embed_passages
from headrace_crm.search.passage import Passage, message_passages
from headrace_crm.search.store import await_vectors, count_vocabulary, insert_passages

_OWNER = UUID(int=1)
_BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
_APART = timedelta(hours=1)
_BATCH = 1_000
_THREAD = 5
_QUERY_WORDS = (1, 2, 2, 3, 3, 4, 5, 6, 8, 12, 20, 40, 100)
_P95_WANTED_MS = 50


@asynccontextmanager
async def searches(stage: Stage) -> AsyncGenerator[Contest]:
    """Queries of one word to a hundred; by words and vectors, and by words alone."""
    passages, queries = stage.pick(100_000, 300), stage.pick(400, 10)
    settings = Settings(search=SearchSettings())
    async with stage.database() as dsn, create_app(dsn, settings=settings) as app, AsyncExitStack() as stack:
        both = create_desk(app, channel="cli", settings=settings)
        alone = create_desk(app, channel="cli", settings=Settings(search=SearchSettings(embedder="none")))
        session = await asyncpg.connect(dsn)
        stack.push_async_callback(session.close)
        asked = await _fill(app, session, settings, passages, queries)
        yield Contest(
            name="search",
            title=f"search {passages:,} passages",
            measure="latency",
            unit="ms",
            rounds=stage.pick(2, 1),
            wanted=Wanted(p95_ms=_P95_WANTED_MS),
            contestants=(
                Contestant("headrace", lambda: _ask(both, asked, session, dsn, commands=stage.pick(5, 1))),
                Contestant("the same by words alone", lambda: _ask(alone, asked, session, None, commands=0)),
            ),
        )


async def _fill(
    app: Headrace, session: asyncpg.Connection, settings: Settings, passages: int, queries: int
) -> list[str]:
    """Stores passages, embeds them, and counts their words; returns what to ask."""
    letters, chance = Letters(), Random(11)
    language, embedder = settings.search.language, create_embedder(settings.search)
    assert embedder is not None
    asked: list[str] = []
    async with app.transaction() as tx:
        await tx.execute(statement("bench", "fill_mail"), _OWNER, passages, _BEGAN)
    stored, number, theme = 0, 0, letters.theme()
    while stored < passages:
        batch: list[Passage] = []
        while len(batch) < min(_BATCH, passages - stored):
            number += 1
            if number % _THREAD == 0:
                theme = letters.theme()
            if len(asked) < queries and chance.random() < 2 * queries / passages:
                asked.append(letters.query(theme, chance.choice(_QUERY_WORDS)))
            batch += message_passages(
                _OWNER,
                number,
                subject=letters.query(theme, 4),
                text=letters.letter(theme),
                sent_at=_BEGAN + number * _APART,
            )
        async with app.transaction() as tx:
            new = await insert_passages(tx.connection, batch, language=language)
            await await_vectors(tx.connection, [passage_id for passage_id, _ in new])
        stored += len(new)
    async with app.transaction() as tx:
        await count_vocabulary(tx.connection, _OWNER, now=_BEGAN)
    async with vectors_indexed_after(session, await embedder.model()):
        await embed_passages(app, embedder, EmbedPassages())
    await session.execute("VACUUM ANALYZE")
    return asked


async def _ask(
    desk: Desk, asked: Sequence[str], session: asyncpg.Connection, dsn: str | None, *, commands: int
) -> Round:
    for text in asked[: len(asked) // 10]:
        await desk.search(Question(text=text))
    readings: list[float] = []
    before = await spent(session)
    for text in asked:
        started = time.perf_counter()
        found = await desk.search(Question(text=text))
        readings.append(1_000 * (time.perf_counter() - started))
        if not found.hits or (found.by == "words") != (dsn is None):
            raise RuntimeError(f"{text!r} was found by {found.by} ({found.note}); the round does not count")
    used = (await spent(session)).since(before)
    figures = {
        "CPU here, ms": 1_000 * used.here / len(asked),
        "CPU of the server, ms": 1_000 * used.server / len(asked),
    }
    if dsn is not None:
        figures["as a command, ms"] = median([await _command(dsn, text) for text in asked[:commands]])
    return Round(readings, figures)


async def _command(dsn: str, text: str) -> float:
    """Milliseconds from the start of the process to its end."""
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "headrace_crm.cli",
        "search",
        text,
        "--json",
        stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ, ENVIRONMENT: dsn},
    )
    if await process.wait():
        raise RuntimeError(f"`crm search` ended with exit code {process.returncode}")
    return 1_000 * (time.perf_counter() - started)
