import asyncio
from datetime import timedelta

import pytest


@pytest.fixture
def kinds(app):
    @app.job("mail", queue="mail")
    async def mail() -> None: ...


async def test_a_queue_is_paused_and_resumed_while_a_worker_runs(headrace, bench, app, kinds):
    async with bench.working(poll=timedelta(minutes=1)):
        paused = await headrace("queues", "pause", "mail", "--reason", "the provider [/x] is down", "--by", "ada")
        assert (paused.code, paused.err) == (0, "")
        assert paused.out.startswith("queue mail: paused by ada since ")
        held = await app.enqueue("mail")
        table, as_json = await asyncio.gather(headrace("queues", "list"), headrace("queues", "list", "--json"))
        assert ": the provider [/x] is down" in table.out
        (listed,) = [one for one in as_json.json if one["name"] == "mail"]
        assert (listed["is_paused"], listed["due_count"], listed["worker_count"]) == (True, 1, 1)
        assert (listed["paused_by"], listed["pause_reason"]) == ("ada", "the provider [/x] is down")
        assert await bench.state(held) == "pending"
        resumed = await headrace("queues", "resume", "mail")
        assert (resumed.code, resumed.out.startswith("queue mail: open; ")) == (0, True)
        await bench.reaches(held, "completed")


async def test_pause_and_resume_print_json(headrace):
    paused = await headrace("queues", "pause", "mail", "--json")
    assert (paused.json["name"], paused.json["is_paused"]) == ("mail", True)
    assert (await headrace("queues", "resume", "mail", "--json")).json["is_paused"] is False


async def test_a_name_no_queue_may_have_is_refused(headrace):
    ran = await headrace("queues", "pause", "no queue")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: a queue's name has 1 to 100 letters")
