import asyncio
from datetime import timedelta

import pytest

from fix_apps import eventually
from headrace import Cancel, Discard, Unique, uuid7

HOUR = timedelta(hours=1)


@pytest.fixture
def kinds(app):
    @app.job("end", max_attempts=1, queue="ends")
    async def end(how: str) -> str:
        match how:
            case "dead":
                raise ValueError("the reason [/red] [bold]")
            case "failed":
                raise Discard("not wanted")
            case "cancelled":
                raise Cancel("enough")
        return how

    app.declare("wait")


async def test_list_prints_what_there_is_newest_first(headrace, bench, app, kinds):
    dead = await app.enqueue("end", "dead")
    async with bench.working():
        await bench.reaches(dead, "dead")
    waiting = await app.enqueue("wait", [1])
    later = await app.enqueue("wait", delay=HOUR)
    as_json, filtered, table = await asyncio.gather(
        headrace("jobs", "list", "--json"),
        headrace("jobs", "list", "--json", "--state", "dead", "--state", "scheduled", "--limit", "5"),
        headrace("jobs", "list"),
    )
    assert (as_json.code, filtered.code, table.code) == (0, 0, 0)
    assert [(job["id"], job["state"]) for job in as_json.json] == [
        (str(later.id), "scheduled"),
        (str(waiting.id), "pending"),
        (str(dead.id), "dead"),
    ]
    assert [job["id"] for job in filtered.json] == [str(later.id), str(dead.id)]
    assert as_json.json[2]["error"] == "the reason [/red] [bold]"
    assert "the reason [/red] [bold]" in table.out


async def test_list_filters_by_kind_queue_parent_and_page(headrace, app, kinds):
    parent = await app.enqueue("wait")
    children = await app.enqueue_many("wait", [1, 2, 3], parent=parent.id)
    other = await app.enqueue("end", "fine")
    by_kind, by_queue, by_parent, page, none = await asyncio.gather(
        headrace("jobs", "list", "--json", "--kind", "end"),
        headrace("jobs", "list", "--json", "--queue", "ends"),
        headrace("jobs", "list", "--json", "--parent", str(parent.id)),
        headrace("jobs", "list", "--json", "--before", str(children[2].id), "--limit", "1"),
        headrace("jobs", "list", "--json", "--kind", "nothing"),
    )
    assert [job["id"] for job in by_kind.json] == [job["id"] for job in by_queue.json] == [str(other.id)]
    assert [job["id"] for job in by_parent.json] == [str(job.id) for job in reversed(children)]
    assert [job["id"] for job in page.json] == [str(children[1].id)]
    assert (none.code, none.json) == (0, [])


async def test_show_tells_everything_of_one_job(headrace, bench, app, kinds):
    job = await app.enqueue("end", "dead", metadata={"why": "[/x]"})
    async with bench.working():
        await bench.reaches(job, "dead")
    as_json, text = await asyncio.gather(
        headrace("jobs", "show", str(job.id), "--json"), headrace("jobs", "show", str(job.id))
    )
    shown = as_json.json
    assert (shown["state"], shown["args"], shown["attempt"], shown["metadata"]) == ("dead", "dead", 1, {"why": "[/x]"})
    assert shown["failures"][0]["error"]["message"] == "the reason [/red] [bold]"
    assert text.code == 0
    for part in (str(job.id), "ValueError: the reason [/red] [bold]", "Traceback", "[/x]"):
        assert part in text.out


async def test_retry_makes_a_dead_job_run_again(headrace, bench, app, kinds):
    job = await app.enqueue("end", "dead")
    async with bench.working(poll=timedelta(seconds=30)):
        await bench.reaches(job, "dead")
        ran = await headrace("jobs", "retry", str(job.id))
        assert (ran.code, str(job.id) in ran.out) == (0, True)
        # Woken by the command's own wake-up: the poll is far away.
        await eventually(lambda: _failures_are(bench, job, 2), 5)


async def test_retry_makes_a_scheduled_job_due(headrace, bench, app, kinds):
    job = await app.enqueue("wait", delay=HOUR)
    assert (await headrace("jobs", "retry", str(job.id))).code == 0
    assert await bench.state(job) == "pending"


async def test_retry_leaves_a_job_whose_unique_key_another_holds_and_says_so(headrace, bench, app, kinds):
    (first,) = await app.enqueue_many("end", ["dead"], uniques=[Unique("ada")])
    async with bench.working():
        await bench.reaches(first, "dead")
    holder = await app.enqueue("wait", delay=HOUR)
    await bench.value("UPDATE headrace.run SET unique_key = $1 WHERE job_id = $2", "end\x1fada", holder.id)
    alone, many = await asyncio.gather(
        headrace("jobs", "retry", str(first.id)),
        headrace("jobs", "bulk", "retry", "--kind", "end", "--yes"),
    )
    assert (alone.code, many.code) == (1, 0)
    assert f"job {holder.id} holds the unique key 'ada' of kind 'end'" in alone.err
    assert "jobs.retried: 0 of 1; 1 stay ended since other jobs hold their unique keys" in many.out


async def test_retry_refuses_what_is_pending_with_the_state_it_found(headrace, app, kinds):
    job = await app.enqueue("wait")
    ran = await headrace("jobs", "retry", str(job.id))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"error: job {job.id} is pending;")


async def test_cancel_ends_a_waiting_job_and_says_who(headrace, bench, app, kinds):
    job = await app.enqueue("wait")
    ran = await headrace("jobs", "cancel", str(job.id), "--by", "ada")
    assert (ran.code, "cancelled" in ran.out) == (0, True)
    stored = await bench.show(job)
    assert (stored.state, stored.error["message"]) == ("cancelled", "cancelled by ada")
    again = await headrace("jobs", "cancel", str(job.id))
    assert (again.code, "it has ended" in again.err) == (1, True)


async def test_cancel_interrupts_a_running_job(headrace, bench, app):
    @app.job("long")
    async def long() -> None:
        await asyncio.Event().wait()

    job = await app.enqueue("long")
    async with bench.working():
        await bench.reaches(job, "processing")
        ran = await headrace("jobs", "cancel", str(job.id))
        assert (ran.code, "asked to cancel" in ran.out) == (0, True)
        await bench.reaches(job, "cancelled")


@pytest.mark.parametrize("command", ["show", "retry", "cancel"])
async def test_a_job_that_does_not_exist_is_exit_code_3(headrace, command):
    missing = str(uuid7())
    ran = await headrace("jobs", command, missing)
    assert (ran.code, ran.out) == (3, "")
    assert ran.err == f"error: no job {missing} is stored; `headrace jobs list` shows what is\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("jobs", "show", "no-id"),
        ("jobs", "show"),
        ("jobs", "list", "--state", "odd"),
        ("jobs", "list", "--limit", "0"),
        ("jobs", "list", "--nothing"),
        ("nothing",),
    ],
)
async def test_wrong_usage_is_exit_code_2(headrace, arguments):
    ran = await headrace(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Traceback" not in ran.err


async def _failures_are(bench, job, count: int) -> bool:
    return len((await bench.show(job)).failures) == count
