"""Whoever is killed while a person is erased, what is left is what would have been left."""

import asyncio
import random
from uuid import UUID

import asyncpg
import pytest

from fix_crm import DEMO_ENDS_AT, Outcome, lend, read_outcome, run_import, working
from fix_crm_workers import CrmWorkers
from fix_database import at_database
from headrace.testing import drain
from headrace_crm.app import create_app
from headrace_crm.demo import write_mailbox
from headrace_crm.maintenance.erasure import Erasure, ask_erasure, read_erasure
from headrace_crm.scores.people import list_contacts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

KILLS = 4


async def copied(dsn: str, name: str) -> str:
    admin = await asyncpg.connect(at_database(dsn, "postgres"))
    try:
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{dsn.split("?", maxsplit=1)[0].rsplit("/", 1)[1]}"')
    finally:
        await admin.close()
    return at_database(dsn, name)


async def dropped(dsn: str, name: str) -> None:
    admin = await asyncpg.connect(at_database(dsn, "postgres"))
    try:
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()


async def outcome_of(dsn: str, erasure_id: UUID) -> tuple[Outcome, Erasure]:
    async with create_app(dsn) as app:
        await drain(app)
        async with lend(app) as connection:
            return await read_outcome(connection), await read_erasure(connection, erasure_id)


async def progress_of(connection: asyncpg.Connection, erasure_id: UUID) -> tuple[object, bool]:
    """Where the erasure is: another value after each step that was committed."""
    erasure = await read_erasure(connection, erasure_id)
    interactions = await connection.fetchval("SELECT count(*) FROM crm.interaction")
    return (erasure.stage, tuple(sorted(erasure.counts.items())), interactions), erasure.stage == "done"


async def erase_stormily(dsn: str, address: str) -> tuple[UUID, int]:
    chance = random.Random(7)
    async with create_app(dsn) as app:
        erasure_id, _ = await ask_erasure(app, address, by="test")
        workers = CrmWorkers({"HEADRACE_DATABASE_URL": dsn})
        try:
            async with lend(app) as connection:
                before, is_done = await progress_of(connection, erasure_id)
                hits = 0
                while not is_done:
                    await asyncio.sleep(chance.uniform(0.001, 0.02))
                    now, is_done = await progress_of(connection, erasure_id)
                    if hits < KILLS and now != before and not is_done:
                        before = now
                        hits += 1
                        for number in range(2):
                            workers.kill(number)
        finally:
            workers.stop()
    return erasure_id, hits


async def test_killed_workers_leave_what_an_undisturbed_erasure_leaves(database: str, tmp_path):
    mailbox = write_mailbox(tmp_path / "box.mbox", messages=1_000, ends_at=DEMO_ENDS_AT)
    async with working(create_app(database)) as app:
        await run_import(app, mailbox.path, mailbox.owner_addresses)
        async with lend(app) as connection:
            (closest, *_) = await list_contacts(connection, limit=1)
    address = closest.addresses[0]
    name = f"erasure_{UUID(int=random.getrandbits(128)).hex[:8]}"
    stormy = await copied(database, name)
    try:
        async with create_app(database) as app:
            calm_id, _ = await ask_erasure(app, address, by="test")
        calmly, calm = await outcome_of(database, calm_id)
        erasure_id, hits = await erase_stormily(stormy, address)
        stormily, proof = await outcome_of(stormy, erasure_id)
    finally:
        await dropped(database, name)
    assert hits >= 2
    assert calm.counts["messages_removed"] > 20
    assert proof.counts == calm.counts
    assert closest.id not in {row[0] for row in calmly.contacts}
    assert stormily == calmly
