import asyncio

import pytest

from headrace import Headrace


async def test_the_doctor_says_what_is_wrong_and_ends_with_4(headrace, app):
    app.declare("unknown")
    await app.enqueue("unknown")
    text, as_json = await asyncio.gather(headrace("doctor"), headrace("doctor", "--json"))
    assert (text.code, as_json.code) == (4, 4)
    assert "problem: kind unknown: 1 due jobs are of a kind no worker handles\n  start a worker" in text.out
    assert set(as_json.json[0]) == {"level", "about", "fact", "next_step"}
    assert as_json.json[0]["level"] == "problem"


@pytest.mark.timeout(60)
async def test_notices_leave_the_code_at_0(headrace, durable_server):
    dsn = durable_server.start()
    async with Headrace(dsn, name="tests", say=lambda _: None) as app:
        well = await headrace("doctor", dsn=dsn)
        assert (well.code, well.out.startswith("nothing is wrong: PostgreSQL 1")) == (0, True)
        await app.queues.pause("mail", by="ada")
        paused = await headrace("doctor", dsn=dsn)
        assert (paused.code, paused.out.startswith("notice: queue mail: paused by ada")) == (0, True)
