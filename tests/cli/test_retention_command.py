import asyncio

import pytest

from fix_days import moved_back
from headrace.testing import drain


@pytest.mark.timeout(60)
async def test_what_would_go_is_shown_and_then_goes(headrace, app, connection):
    @app.job("mail")
    async def mail() -> None: ...

    jobs = await app.enqueue_many("mail", [None, None])
    await drain(app)
    await moved_back(connection, jobs, 31)
    dry, as_json = await asyncio.gather(
        headrace("db", "retention", "--dry-run"), headrace("db", "retention", "--dry-run", "--json")
    )
    assert (dry.code, "drop" in dry.out) == (0, True)
    assert [(one["fate"], one["kept_count"]) for one in as_json.json if one["expired_count"] == 2] == [("drop", 0)]
    assert await connection.fetchval("SELECT count(*) FROM headrace.job") == 2
    done = await headrace("db", "retention", "--json")
    assert [one["count"] for one in done.json if one["fate"] == "drop" and one["count"]] == [2]
    assert await connection.fetchval("SELECT count(*) FROM headrace.job") == 0
