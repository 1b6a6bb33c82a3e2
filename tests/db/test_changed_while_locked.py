"""What locks jobs that others change meanwhile does its work, and no session of the server dies of it."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import asyncpg
import pytest

from fix_apps import eventually
from headrace import Job, Unique
from headrace.db.embedded import EmbeddedServer
from headrace.db.migrate import migrate
from headrace.db.statements import statement
from headrace.jobs import redriving, store
from headrace.jobs.enqueue import prepare
from headrace.jobs.registry import describe

KIND = describe("any", None, job_type=Job)
# Plans that look for each row by its key, as those of full tables do; and what is freed is overwritten at once.
SETTINGS = {"fsync": "off", "enable_hashjoin": "off", "enable_mergejoin": "off", "enable_seqscan": "off"}
OVERWRITTEN = {"MALLOC_PERTURB_": "165"}
CHANGES = {"headrace.run": "run_at = run_at", "headrace.progress": "done = done + 1"}

T = TypeVar("T")


@pytest.fixture
def strict_server(server_root: Path, seeded, monkeypatch: pytest.MonkeyPatch):
    run = subprocess.run

    def run_strictly(*args, env=None, **options):
        return run(*args, env=None if env is None else {**env, **OVERWRITTEN}, **options)

    monkeypatch.setattr(subprocess, "run", run_strictly)
    seeded(server_root)
    with EmbeddedServer(server_root, say=lambda _: None, settings=SETTINGS) as dsn:
        yield dsn


@pytest.fixture
async def sessions(strict_server: str) -> AsyncIterator[tuple[asyncpg.Connection, asyncpg.Connection]]:
    one, other = [await asyncpg.connect(strict_server) for _ in range(2)]
    await migrate(one)
    await store.ensure_days(one, ahead=1)
    yield one, other
    one.terminate()
    other.terminate()


async def meanwhile(one: asyncpg.Connection, other: asyncpg.Connection, table: str, work: Awaitable[T]) -> T:
    """What the work comes to in one session, which awaits rows that the other has locked and then changes."""
    async with other.transaction():
        await other.execute(f"SELECT FROM {table} FOR UPDATE")

        async def works() -> T:
            async with one.transaction():
                return await work

        waiting = asyncio.ensure_future(works())
        await eventually(lambda: other.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))
        await other.execute(f"UPDATE {table} SET {CHANGES[table]}")
    return await waiting


@pytest.mark.slow  # a server of its own
async def test_jobs_that_were_changed_while_their_locks_were_awaited_are_changed_too(sessions):
    one, other = sessions
    keyed = [Unique(key, on_conflict="replace") for key in "abc"]
    parent = prepare(KIND, None)
    jobs = [prepare(KIND, None, unique=unique, parent=parent.id) for unique in keyed]
    async with one.transaction():
        await store.insert_jobs(one, [parent, *jobs, *(prepare(KIND, None) for _ in range(2_000))])
    await one.execute("ANALYZE headrace.job, headrace.run, headrace.progress")

    again = [prepare(KIND, {"again": True}, unique=unique, delay=timedelta(hours=1)) for unique in keyed]
    met = await meanwhile(one, other, "headrace.run", store.insert_jobs(one, again))
    assert [(held.id, held.is_new) for held in met] == [(job.id, False) for job in jobs]
    assert await one.fetchval("SELECT count(*) FROM headrace.job WHERE args = '{\"again\": true}'") == 3

    ids = [job.id for job in jobs]
    moved = await meanwhile(
        one,
        other,
        "headrace.run",
        one.fetch(statement("headrace.jobs", "prioritise_jobs"), ids, 0),
    )
    assert {row["job_id"] for row in moved} == set(ids)
    assert await one.fetchval("SELECT count(*) FROM headrace.job WHERE priority = 0") == 3

    await one.execute(statement("headrace.jobs", "cancel_jobs"), ids, "{}", "somebody")
    back = await meanwhile(one, other, "headrace.progress", redriving.redrive_jobs(one, ids))
    assert back.back == set(ids)
    told = await one.fetchrow("SELECT child_count, ended_count, failed_count, done FROM headrace.progress")
    assert tuple(told) == (3, 0, 0, 1)
