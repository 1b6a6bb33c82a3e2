"""Pages of jobs by any filter: the same jobs as the view says, each once, in order, with whatever patience."""

from datetime import UTC, datetime, timedelta

import pytest

from fix_shop import Shop
from headrace import JobFilter
from headrace.errors import ConfigurationError
from headrace.jobs.search import search_jobs


async def every(connection, chosen: JobFilter, **options) -> list:
    found, after = [], None
    for _ in range(200):
        page = await search_jobs(connection, chosen, after=after, **options)
        found += [job.id for job in page.jobs]
        after = page.following
        if after is None:
            return found
    raise AssertionError("the pages never end")


async def test_every_filter_finds_what_the_tables_say_in_pages_of_any_size_and_patience(shop: Shop):
    now = datetime.now(UTC)
    filters = [
        (JobFilter(), "true"),
        (JobFilter(states=("dead", "cancelled")), "state IN ('dead', 'cancelled')"),
        (JobFilter(states=("completed", "processing")), "state IN ('completed', 'processing')"),
        (JobFilter(states=("pending", "scheduled")), "state IN ('pending', 'scheduled')"),
        (JobFilter(kinds=("bake",), queues=("default",)), "kind = 'bake'"),
        (JobFilter(queues=("mail",), states=("scheduled",)), "queue = 'mail' AND state = 'scheduled'"),
        (JobFilter(parent_id=shop.jobs["parent"]), f"parent_id = '{shop.jobs['parent']}'"),
        (JobFilter(args_contain="oven"), "kind = 'bake'"),
        (JobFilter(error_type="fix_shop.OrderHalfBakedError"), "kind = 'bake' OR id = '{failed}'"),
        (JobFilter(created_after=now - timedelta(hours=2), created_before=now + timedelta(minutes=1)), "true"),
        (JobFilter(created_before=now - timedelta(days=1)), "false"),
        (JobFilter(created_after=now + timedelta(days=1)), "false"),
        (JobFilter(ended_after=now - timedelta(hours=2)), "state IN ('completed','failed','cancelled','dead')"),
        (JobFilter(tenant_id="nobody"), "false"),
    ]
    async with shop.app.pool.acquire() as connection:
        for chosen, condition in filters:
            where = condition.replace("{failed}", str(shop.jobs["failed"]))
            rows = await connection.fetch(f"SELECT id FROM headrace.job_state WHERE {where} ORDER BY id DESC")
            wanted = [row["id"] for row in rows]
            for options in (
                {},
                {"limit": 3},
                {"limit": 2, "patience": timedelta(0)},
            ):
                assert await every(connection, chosen, **options) == wanted, (chosen, options)
                oldest = await every(connection, chosen, order="oldest", **options)
                assert oldest == wanted[::-1], (chosen, options)


async def test_a_line_says_how_the_job_stands(shop: Shop):
    async with shop.app.pool.acquire() as connection:
        (dead,) = (await search_jobs(connection, JobFilter(states=("dead",)), limit=1)).jobs
        assert (dead.kind, dead.state, dead.attempt, dead.max_attempts) == ("bake", "dead", 1, 1)
        assert (dead.error_type, dead.ended_at is not None) == ("fix_shop.OrderHalfBakedError", True)
        with pytest.raises(ConfigurationError, match="known by id"):
            await search_jobs(connection, JobFilter(ids=(dead.id,)))
        with pytest.raises(ConfigurationError, match="at least 1"):
            await search_jobs(connection, JobFilter(), limit=0)
