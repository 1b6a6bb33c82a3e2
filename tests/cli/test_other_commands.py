import asyncio
import json
import signal

import asyncpg
import pytest

from fix_apps import eventually, registered
from fix_events import ContactCreated, ContactRenamed
from headrace import Stream, bind, uuid7
from headrace.events.head import Head
from headrace.telemetry import Telemetry


@pytest.fixture
async def log(app):
    """Three events behind the safe head, of one correlation the last two."""
    app.register(ContactCreated, ContactRenamed)
    await app.append(ContactCreated("Ada [/red]"), stream=Stream("contact", "1"))
    correlation = uuid7()
    with bind(correlation_id=correlation):
        await app.append(ContactRenamed("Bo"), stream=Stream("contact", "1"))
        await app.append(ContactCreated("Cy"), stream=Stream("contact", "2"))
    head = Head(app.pool, telemetry=Telemetry())
    while await head.run_once() is not None:
        pass
    await head.on_stop()
    return correlation


async def test_events_are_listed_newest_first_and_filtered(headrace, log):
    everything, created, stream, correlation, table = await asyncio.gather(
        headrace("events", "list", "--json"),
        headrace("events", "list", "--json", "--type", "contact.created"),
        headrace("events", "list", "--json", "--stream", "contact/1"),
        headrace("events", "list", "--json", "--correlation", str(log)),
        headrace("events", "list"),
    )
    assert [one["data"]["name"] for one in everything.json] == ["Cy", "Bo", "Ada [/red]"]
    assert [one["data"]["name"] for one in created.json] == ["Cy", "Ada [/red]"]
    assert [one["data"]["name"] for one in stream.json] == ["Bo", "Ada [/red]"]
    assert [one["data"]["name"] for one in correlation.json] == ["Cy", "Bo"]
    assert table.code == 0
    assert "Ada [/red]" in table.out


async def test_tail_prints_the_last_events_oldest_first_one_a_line(headrace, log):
    lines, two, text = await asyncio.gather(
        headrace("events", "tail", "--no-follow", "--json"),
        headrace("events", "tail", "--no-follow", "--json", "-n", "2"),
        headrace("events", "tail", "--no-follow"),
    )
    assert [json.loads(line)["data"]["name"] for line in lines.out.splitlines()] == ["Ada [/red]", "Bo", "Cy"]
    assert [json.loads(line)["data"]["name"] for line in two.out.splitlines()] == ["Bo", "Cy"]
    assert (text.code, len(text.out.splitlines())) == (0, 3)


async def test_the_json_schema_of_registered_types_is_printed_without_a_database(headrace, tmp_path):
    (tmp_path / "shop.py").write_text(
        "from dataclasses import dataclass\n"
        "from headrace import Headrace, event\n"
        "@event('order.placed', version=2)\n"
        "@dataclass\n"
        "class OrderPlaced:\n"
        "    item: str\n"
        "app = Headrace(name='shop')\n"
        "app.register(OrderPlaced)\n"
    )
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    every, one, unknown = await asyncio.gather(
        headrace("--app", "shop:app", "events", "schema", dsn=nowhere),
        headrace("--app", "shop:app", "events", "schema", "order.placed", dsn=nowhere),
        headrace("--app", "shop:app", "events", "schema", "order.lost", dsn=nowhere),
    )
    assert {name for name in every.json if not name.startswith("job.")} == {"order.placed"}
    assert every.json["order.placed"] == one.json
    assert one.json["title"] == "order.placed"
    assert one.json["x-version"] == 2
    assert (unknown.code, "job.retrying, order.placed" in unknown.err) == (3, True)


async def test_a_stream_that_cannot_be_read_is_wrong_usage(headrace):
    ran = await headrace("events", "list", "--stream", "contact")
    assert ran.code == 2
    assert "TYPE/ID" in ran.err


async def test_migrate_brings_an_empty_database_up_to_date(headrace, server_dsn, run, worker_id):
    from fix_database import at_database

    name = f"headrace_{run.id}_{worker_id}_cli"
    admin = await asyncpg.connect(server_dsn)
    try:
        await admin.execute(f'CREATE DATABASE "{name}"')
        dsn = at_database(server_dsn, name)
        before = await headrace("db", "status", "--json", dsn=dsn)
        assert before.code == 1
        assert before.json[0]["applied"] == 0
        assert before.json[0]["pending"]
        unmigrated = await headrace("jobs", "list", dsn=dsn)
        assert (unmigrated.code, "run `headrace db migrate`" in unmigrated.err) == (1, True)
        both = await asyncio.gather(*(headrace("db", "migrate", "--json", dsn=dsn) for _ in range(2)))
        assert [(ran.code, ran.json[0]["pending"]) for ran in both] == [(0, []), (0, [])]
        after = await headrace("db", "status", dsn=dsn)
        assert (after.code, "headrace" in after.out) == (0, True)
    finally:
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.close()


async def test_a_newer_database_is_refused(headrace, connection):
    await connection.execute(
        "INSERT INTO headrace.migration (set_name, number, name) VALUES ('headrace', 999, 'later')"
    )
    for arguments in (("db", "status"), ("db", "migrate"), ("jobs", "list")):
        ran = await headrace(*arguments)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith("error: the database's schema is newer than this program")


async def test_a_database_out_of_reach_is_one_line_and_exit_code_1(headrace):
    ran = await headrace("jobs", "list", dsn="postgresql://nobody@127.0.0.1:1/none")
    assert (ran.code, ran.out) == (1, "")
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("error: the database cannot be reached")


async def test_an_address_that_cannot_be_read_is_one_line_and_exit_code_1(headrace):
    ran = await headrace("jobs", "list", dsn="nonsense")
    assert ran.code == 1
    assert "postgresql://user:password@host:5432/database" in ran.err
    assert "Traceback" not in ran.err


async def test_database_given_wins_over_the_environment(headrace, database, app):
    app.declare("any")
    await app.enqueue("any")
    ran = await headrace("--database", database, "jobs", "list", "--json", dsn="postgresql://nobody@127.0.0.1:1/none")
    assert (ran.code, len(ran.json)) == (0, 1)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("faults", "must be module:attribute"),
        ("nothing_here:app", "cannot be loaded"),
        ("faults:nothing", "cannot be loaded"),
        ("faults:Task", "not a Headrace app"),
    ],
)
async def test_an_app_that_cannot_be_loaded_is_one_line_and_exit_code_1(headrace, path, reason):
    ran = await headrace("--app", path, "worker")
    assert ran.code == 1
    assert reason in ran.err
    assert len(ran.err.splitlines()) == 1


async def test_a_worker_without_an_app_says_how_to_name_one(headrace):
    ran = await headrace("worker")
    assert ran.code == 1
    assert "headrace --app module:attribute worker" in ran.err


async def test_a_worker_says_its_number_serves_its_queues_and_ends_with_0(database, ledger, start_worker):
    await ledger.give("count", 3)
    await ledger.give("count", 2, queue="other")
    worker = start_worker(database, "--queue", "other", "--concurrency", "2")
    (row,) = await registered(ledger.connection, 1)
    assert (row["app"], row["queues"], row["concurrency"], row["pid"]) == ("faults", ["other"], 2, worker.pid)
    await eventually(lambda: _states(ledger, {"completed": 2, "pending": 3}))
    worker.send(signal.SIGINT)
    assert await worker.ends() == 0
    assert f"worker {row['id']} of faults is running" in worker.told()


async def test_help_shows_every_group(headrace):
    ran = await headrace("--help")
    assert ran.code == 0
    for group in ("db", "jobs", "events", "worker"):
        assert group in ran.out


async def _states(ledger, expected: dict[str, int]) -> bool:
    return await ledger.states() == expected
