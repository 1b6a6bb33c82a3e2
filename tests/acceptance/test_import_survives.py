"""Whatever is killed while a mailbox is imported, what comes out is what would have come out."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from fix_crm import DEMO_ENDS_AT, Outcome, is_settled, read_outcome, run_import, shared_mail, working
from fix_crm_workers import CrmWorkers
from fix_database import at_database
from headrace.db.embedded import EmbeddedServer
from headrace_crm.app import create_app
from headrace_crm.demo import write_mailbox
from headrace_crm.mail.importing import import_state, start_import
from headrace_crm.mail.model import ParsedMessage
from headrace_crm.mail.parse import parse_message
from headrace_crm.mail.providers.mbox import read_mbox

pytestmark = pytest.mark.timeout(240)

GONE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)

# How many jobs these come to is a matter of which events a batch caught together, and of whether an extraction that
# found facts in signatures was still running, or was killed, when the one that compares contacts by them was asked
# for; what they store is compared itself.
BATCHED = ["calculate-relationship-scores", "collect-passages", "contact-extraction", "generate-contact-insights"]


@contextmanager
def workers(dsn: str) -> Iterator[CrmWorkers]:
    started = CrmWorkers({"HEADRACE_DATABASE_URL": dsn})
    try:
        yield started
    finally:
        started.stop()


async def make_database(server_dsn: str, name: str) -> str:
    admin = await asyncpg.connect(server_dsn)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
    finally:
        await admin.close()
    return at_database(server_dsn, name)


async def import_calmly(dsn: str, path: Path, owners: Sequence[str]) -> Outcome:
    async with working(create_app(dsn)) as app:
        await run_import(app, path, owners, "latest")
        async with app.pool.acquire() as connection:
            return await read_outcome(connection)


async def progress_of(dsn: str, job_id: UUID) -> tuple[int, bool]:
    """How much of the import is done, in any unit that only grows, and whether all that follows is."""
    connection = await asyncpg.connect(dsn)
    try:
        state = await import_state(connection, job_id)
        interactions = await connection.fetchval("SELECT count(*) FROM crm.interaction")
        scores = await connection.fetchval("SELECT count(*) FROM crm.contact_score")
        done = state.read_count + state.new_count + interactions + scores
        return done, await is_settled(connection, job_id)
    finally:
        await connection.close()


async def import_stormily(
    server: EmbeddedServer, dsn: str, path: Path, owners: Sequence[str], *, seed: int, kills: int
) -> int:
    """Imports while workers are killed, and the server once; returns how many kills hit the import at work."""
    chance = random.Random(seed)
    async with create_app(dsn) as app:
        job_id = await start_import(app, path, owners, "latest")
    hits = 0
    with workers(dsn) as started:
        before, is_done = 0, False
        while not is_done:
            await asyncio.sleep(chance.uniform(0.02, 0.4))
            try:
                done, is_done = await progress_of(dsn, job_id)
            except GONE:
                continue
            # A kill counts where the import moved since the last one: it was hit while it worked.
            if hits < kills and done > before and not is_done:
                before = done
                hits += 1
                if hits == kills // 2:
                    await asyncio.to_thread(server.restart, immediate=True)
                started.kill(chance.randrange(2))
    return hits


async def read_jobs(dsn: str) -> tuple[dict[str, int], dict[str, int]]:
    """The jobs by kind with their endings checked, and the family of the import."""
    connection = await asyncpg.connect(dsn)
    try:
        twice = await connection.fetchval("SELECT count(*) - count(DISTINCT job_id) FROM headrace.outcome")
        assert twice == 0, "an outcome was recorded twice"
        bad = await connection.fetch("SELECT kind, state::text FROM headrace.outcome WHERE state <> 'completed'")
        assert bad == []
        kinds = dict(
            await connection.fetch(
                "SELECT kind, count(*) FROM headrace.outcome WHERE kind <> ALL ($1::text[]) GROUP BY kind", BATCHED
            )
        )
        family = await connection.fetchrow(
            "SELECT child_count, ended_count, failed_count FROM headrace.progress WHERE child_count > 0"
        )
        staged = await connection.fetchval("SELECT count(*) FROM crm.import_item")
        assert staged == 0, "staged messages were left behind"
        return kinds, dict(family)
    finally:
        await connection.close()


async def require_survival(server: EmbeddedServer, path: Path, owners: Sequence[str], *, seed: int, kills: int) -> None:
    server_dsn = await asyncio.to_thread(server.start)
    calm_dsn = await make_database(server_dsn, "calm")
    storm_dsn = await make_database(server_dsn, "storm")
    calm = await import_calmly(calm_dsn, path, owners)
    hits = await import_stormily(server, storm_dsn, path, owners, seed=seed, kills=kills)
    connection = await asyncpg.connect(storm_dsn)
    try:
        storm = await read_outcome(connection)
    finally:
        await connection.close()
    assert hits >= kills // 2, "the import was over before it could be disturbed"
    for part in ("messages", "threads", "contacts", "interactions", "stats", "scores", "passages"):
        assert getattr(storm, part) == getattr(calm, part), part
    assert storm.events == calm.events
    assert await read_jobs(storm_dsn) == await read_jobs(calm_dsn)


@pytest.mark.slow
async def test_a_disturbed_import_comes_out_as_an_undisturbed_one(durable_server: EmbeddedServer, tmp_path: Path):
    demo = write_mailbox(tmp_path / "demo.mbox", messages=600, ends_at=DEMO_ENDS_AT)
    await require_survival(durable_server, demo.path, demo.owner_addresses, seed=1, kills=4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_a_long_import_survives_many_kills(durable_server: EmbeddedServer, tmp_path: Path, seed: int):
    demo = write_mailbox(tmp_path / "demo.mbox", messages=2_500, seed=seed, ends_at=DEMO_ENDS_AT)
    await require_survival(durable_server, demo.path, demo.owner_addresses, seed=seed, kills=12)


@pytest.mark.slow
async def test_an_import_of_real_mail_survives_kills(durable_server: EmbeddedServer):
    path = shared_mail("small-300.mbox")
    parsed = (parse_message(each.raw, now=datetime.now(UTC)) for each in read_mbox(path))
    senders = [each.sender.email for each in parsed if isinstance(each, ParsedMessage) and each.sender]
    await require_survival(durable_server, path, [max(set(senders), key=senders.count)], seed=3, kills=4)
