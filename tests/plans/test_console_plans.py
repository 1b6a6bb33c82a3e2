"""What the console's pages and the API's GET routes read of the large tables: a page of them, whatever plan they get.

Every statement that a page or a route sends is caught and sent again, once with a plan made for its arguments and once
with one made for any; the server counts how many rows it reads.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from bench.app import make_app

from fix_shop import an_admin
from headrace import Headrace
from headrace.console import create_api, create_console
from headrace.console.api.api import bare_api
from headrace.db import pool as pools
from headrace.db.statements import statement
from headrace.testing.spare_databases import SpareDatabases

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ENDED, WAITING, EVENTS = 120_000, 30_000, 200_000
MOST_READ = 25_000
"""The most that one statement may read of a table: what it counts up to, twice over (jobs due, jobs not due)."""

COUNTERS = """
SELECT sum(pg_stat_get_xact_tuples_returned(relid) + coalesce(of_indexes.count, 0))::bigint
FROM unnest(ARRAY['headrace.job', 'headrace.run', 'headrace.outcome', 'headrace.failure', 'headrace.event']) AS root,
     pg_partition_tree(root::regclass),
     LATERAL (
         SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) AS count FROM pg_index WHERE indrelid = relid
     ) AS of_indexes
"""

Sent = tuple[str, tuple[Any, ...]]


@pytest.fixture(scope="module")
def filled(_headrace_spares: SpareDatabases) -> Iterator[str]:
    """A database that tests look at and do not change."""
    name, dsn = _headrace_spares.take()
    asyncio.run(fill(dsn))
    yield dsn
    _headrace_spares.give_back(name)


async def fill(dsn: str) -> None:
    now = datetime.now(UTC)
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement("bench", "fill_ended_jobs"), ENDED, 0, now)
    await connection.execute(statement("bench", "fill_backlog"), WAITING, 3, timedelta(0))
    await connection.execute(statement("bench", "fill_log"), EVENTS, 0)
    await connection.execute(statement("bench", "settle_head"))
    await connection.execute("INSERT INTO headrace.subscription VALUES ('s', 'ordered', 4), ('t', 'ordered', 1)")
    await connection.execute(
        "INSERT INTO headrace.checkpoint (subscription, lane, lane_count, position) "
        "SELECT 's', n, 4, 8000 FROM generate_series(0, 3) AS n UNION ALL SELECT 't', 0, 1, 0"
    )
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


@asynccontextmanager
async def overheard(dsn: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Headrace, dict[str, list[Sent]]]]:
    """An app, and what it sends while the key of the last entry is asked for."""
    heard: dict[str, list[Sent]] = {}
    prepare = pools._prepare

    async def prepare_and_listen(connection: Any) -> None:
        await prepare(connection)
        connection.add_query_logger(lambda one: list(heard.values())[-1].append((one.query, tuple(one.args or ()))))

    monkeypatch.setattr(pools, "_prepare", prepare_and_listen)
    heard["opening"] = []
    async with make_app(dsn) as app:
        yield app, heard


async def ids(dsn: str) -> tuple[UUID, UUID, UUID]:
    """An ended job, a waiting one, and the correlation of an event."""
    connection = await asyncpg.connect(dsn)
    try:
        return tuple(
            await connection.fetchrow(
                "SELECT (SELECT job_id FROM headrace.outcome ORDER BY job_id LIMIT 1),"
                " (SELECT job_id FROM headrace.run ORDER BY job_id LIMIT 1),"
                " (SELECT correlation_id FROM headrace.event ORDER BY position LIMIT 1)"
            )
        )
    finally:
        await connection.close()


def pages(ended: UUID, waiting: UUID, correlation: UUID) -> list[str]:
    return [
        "/",
        "/jobs",
        "/jobs?state=dead",
        "/jobs?state=pending&order=oldest",
        "/jobs?state=processing",
        "/jobs?kind=none&queue=none",
        "/jobs?error=None&tenant=none&since=1h",
        "/jobs?text=no+job+has+this&until=0s",
        f"/jobs?correlation={ended}",
        f"/jobs?parent={ended}",
        f"/jobs/{ended}",
        f"/jobs/{waiting}",
        "/queues",
        "/schedules",
        "/workers",
        "/dead",
        "/operations",
        "/events",
        "/events?type=none&text=none&since=1h",
        "/events?aggregate=thing&tenant=none&user=none",
        f"/events?correlation={correlation}",
        "/events/100",
        "/streams?type=thing&id=77",
        "/streams?type=thing&id=none",
        "/subscriptions",
        "/subscriptions/s",
        "/projections",
        f"/trace/{ended}",
        f"/trace/{correlation}",
    ]


def routes(ended: UUID, waiting: UUID, correlation: UUID) -> list[str]:
    return [
        "/stats",
        "/jobs?limit=50",
        "/jobs?kind=none",
        "/jobs?queue=none&state=pending",
        "/jobs?state=dead&state=failed",
        f"/jobs?parent={ended}",
        f"/jobs?correlation={ended}",
        f"/jobs?caused_by={ended}",
        "/jobs/dead",
        f"/jobs/{ended}",
        f"/jobs/{waiting}/explain",
        f"/jobs/{ended}/logs",
        "/queues",
        "/queues/default",
        "/limits",
        "/schedules",
        "/workers",
        "/operations",
        "/requests",
        "/tokens",
        "/events",
        "/events?type=none",
        f"/events?correlation={correlation}",
        f"/senders/{correlation}",
        "/events?aggregate_type=thing&aggregate_id=none",
        "/events?aggregate_type=none",
        "/events/100",
        "/subscriptions",
        "/subscriptions/s",
        "/subscription-actions",
        "/parked-streams",
        "/projections",
        "/replays",
        "/doctor",
        "/me",
        "/event-types",
        "/limits/none",
        "/schedules/none",
        "/projections/none",
        f"/operations/{ended}",
        f"/replays/{ended}",
        "/subjects/none",
        "/database",
        "/job-retention",
        "/event-retention",
        "/event-archives",
        "/projections/none/wait",
    ]


def test_every_route_that_looks_is_among_them():
    paths = bare_api(Headrace("postgresql://nowhere"), an_admin).openapi()["paths"]
    named = [one.split("?")[0] for one in routes(*[UUID(int=7)] * 3)]
    for path in (path for path, methods in paths.items() if "get" in methods):
        pattern = re.sub(r"\{\w+\}", "*", path)
        assert any(fnmatch(one, pattern) for one in named), path


async def test_no_page_and_no_route_reads_more_of_a_large_table_than_a_page_needs(filled, monkeypatch):
    named = await ids(filled)
    async with overheard(filled, monkeypatch) as (app, heard):
        console = create_console(app, authenticate=an_admin)
        for asgi, prefix, paths in (
            (console, "", pages(*named)),
            (create_api(app, authenticate=an_admin), "/api", routes(*named)),
        ):
            async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://localhost") as client:
                for path in paths:
                    heard[prefix + path] = []
                    answer = await client.get(path)
                    assert answer.status_code in {200, 404}, f"{prefix}{path}: {answer.text[:300]}"
        await console.site.pulse.stop()
    too_many: list[str] = []
    for mode in ("force_custom_plan", "force_generic_plan"):
        connection = await asyncpg.connect(filled, server_settings={"plan_cache_mode": mode, "jit": "off"})
        seen: set[str] = set()
        for path, sent in heard.items():
            for query, args in sent:
                if (query + repr(args)) not in seen and "headrace." in query:
                    seen.add(query + repr(args))
                    read = await rows_read(connection, query, args)
                    if read > MOST_READ:
                        too_many.append(f"{mode} {path}: {read:,} rows for {query.splitlines()[0]}")
        await connection.close()
        assert len(seen) > 50
    assert not too_many, "\n".join(too_many)


async def rows_read(connection: asyncpg.Connection, query: str, args: tuple[Any, ...]) -> int:
    """How many rows and index entries of the large tables a statement reads; what it does is undone."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        before = await connection.fetchval(COUNTERS)
        await connection.fetch(query, *args)
        return await connection.fetchval(COUNTERS) - before
    finally:
        await transaction.rollback()
