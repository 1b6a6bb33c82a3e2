"""After an erasure no personal value stands anywhere on the server's disk: not in tables, nor in what led there."""

import asyncio
from pathlib import Path

import asyncpg
import msgspec
import pytest

from fix_apps import eventually, opened_bench
from fix_personal import EMAIL, FIRST_KEY, NAME, PersonMet, met, person
from headrace import KeyRing, PastEvent, uuid7

pytestmark = pytest.mark.timeout(60)


def files_with(folder: Path, *needles: str) -> dict[str, list[str]]:
    """The files below a folder that hold one of the texts, as UTF-8 or in base64's alphabet of nothing at all."""
    found: dict[str, list[str]] = {}
    for file in folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            hits = [needle for needle in needles if needle.encode() in content]
            if hits:
                found[str(file.relative_to(folder))] = hits
    return found


async def test_neither_tables_nor_the_write_ahead_log_ever_held_a_personal_value(durable_server, server_root):
    dsn = durable_server.start()
    async with opened_bench(dsn, migrating=True, secret_keys=KeyRing([FIRST_KEY])) as bench:
        app = bench.app
        app.register(PersonMet)
        await app.append(met(), stream=person())
        await app.append(met(), stream=person(), event_id=uuid7())
        await app.import_events([PastEvent(data=met(place="control-4711-control"), stream=person())])
        wrapped = await bench.value("SELECT wrapped FROM headrace.subject_key")
        await app.subjects.erase("7", reason="asked for")
    connection = await asyncpg.connect(dsn)
    await connection.execute("VACUUM FULL")
    await connection.execute("CHECKPOINT")
    await connection.close()
    data = server_root / "data"
    found = await asyncio.to_thread(files_with, data, EMAIL, NAME, "control-4711-control")
    tables = {name: hits for name, hits in found.items() if name.startswith("base/")}
    assert any("control-4711-control" in hits for hits in tables.values()), "the search finds what is there"
    assert {hit for hits in found.values() for hit in hits} == {"control-4711-control"}
    # The wrapped key may be in the write-ahead log for a while; in no table any more.
    for file in (data / "base").rglob("*"):
        if file.is_file():
            assert wrapped not in file.read_bytes(), file


class Card(msgspec.Struct, frozen=True):
    email: str = ""


async def test_no_live_table_holds_what_read_models_had_in_clear(durable_server, server_root):
    """A read model and handlers of every durable mode meet the values in clear; then the server's files are read."""
    dsn = durable_server.start()
    base = server_root / "data" / "base"

    async def holding(*needles: str) -> set[str]:
        connection = await asyncpg.connect(dsn)
        await connection.execute("VACUUM")
        await connection.execute("CHECKPOINT")
        await connection.close()
        return {hit for hits in (await asyncio.to_thread(files_with, base, *needles)).values() for hit in hits}

    async with opened_bench(dsn, migrating=True, secret_keys=KeyRing([FIRST_KEY])) as bench:
        app = bench.app
        app.register(PersonMet)
        met_by: set[str] = set()

        @app.projection("directory", PersonMet, row=Card)
        def directory(row, one):
            return Card(one.data.email or "nobody-4711-nobody")

        @app.on(PersonMet)
        async def as_job(event, job):
            met_by.add(f"job {event.data.email}")

        @app.on(PersonMet, mode="ordered")
        async def in_order(events, tx):
            met_by.update(f"ordered {event.data.email}" for event in events)

        async with bench.working():
            async with app.transaction() as tx:
                await tx.append(met(), stream=person())
                await tx.append(met(8, email="other-4711-other@example.org"), stream=person(8))
            await eventually(
                lambda: bench.value("SELECT count(*) = 1 FROM headrace.projection_build WHERE state = 'live'")
            )
            await app.projections.wait_for("directory", tx.last_position)
            await eventually(lambda: {f"job {EMAIL}", f"ordered {EMAIL}"} <= met_by)
            other = "other-4711-other@example.org"
            assert await holding(EMAIL, other) == {EMAIL, other}, "the read model holds them, and the search finds them"
            (model,) = (await app.subjects.erase("7")).projections
            await bench.reaches(model.job_id, "completed", 30)
    assert await holding(EMAIL, NAME, other, "nobody-4711-nobody") == {other, "nobody-4711-nobody"}
