"""After an erasure no personal value stands anywhere on the server's disk: not in tables, nor in what led there."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from fix_apps import opened_bench
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
