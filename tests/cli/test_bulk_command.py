import asyncio

import pytest

from fix_apps import eventually


@pytest.fixture
def kinds(app):
    @app.job("mail", max_attempts=1)
    async def mail(to: str) -> None:
        raise ValueError(f"no [/such] address {to}")

    app.declare("later")


async def test_many_jobs_are_counted_shown_and_cancelled(headrace, bench, app, kinds):
    await app.enqueue_many("later", list(range(12)))
    dry, as_json = await asyncio.gather(
        headrace("jobs", "bulk", "cancel", "--kind", "later", "--dry-run"),
        headrace("jobs", "bulk", "cancel", "--kind", "later", "--dry-run", "--json"),
    )
    assert (dry.code, dry.out.startswith("cancel: 12 jobs fit\n")) == (0, True)
    assert (as_json.json["count"], as_json.json["is_exact"], len(as_json.json["sample"])) == (12, True, 10)
    unasked = await headrace("jobs", "bulk", "cancel", "--kind", "later")
    assert (unasked.code, "add --yes to cancel them" in unasked.err) == (1, True)
    assert await bench.counts() == {"pending": 12}
    done = await headrace(
        "jobs", "bulk", "cancel", "--kind", "later", "--yes", "--by", "ada", "--reason", "a flood", "--json"
    )
    assert (done.json["changed_count"], done.json["actor"]) == (12, "ada")
    assert await bench.counts() == {"cancelled": 12}
    listed, resumed = await asyncio.gather(
        headrace("operations", "list"), headrace("operations", "resume", done.json["id"])
    )
    assert "jobs.cancelled" in listed.out
    assert "12/12" in listed.out
    assert resumed.out == "jobs.cancelled: 12 of 12\n"


async def test_dead_letters_are_shown_with_the_command_that_retries_them(headrace, bench, app, kinds):
    await app.enqueue_many("mail", ["a", "b"])
    async with bench.working():
        await eventually(lambda: bench.value("SELECT count(*) = 2 FROM headrace.outcome"))
    text, as_json = await asyncio.gather(headrace("jobs", "dead"), headrace("jobs", "dead", "--json"))
    assert text.out.startswith("2 x mail: ValueError: no [/such] address ")
    assert (as_json.json[0]["count"], as_json.json[0]["error_type"]) == (2, "ValueError")
    command = text.out.splitlines()[2].split()
    assert " ".join(command) == "headrace jobs bulk retry --state dead --kind mail --error ValueError"
    done = await headrace(*command[1:], "--yes")
    assert done.out.startswith("jobs.retried: 2 of 2 (operation ")
    assert await bench.counts() == {"pending": 2}


@pytest.mark.parametrize(
    "arguments",
    [
        ("cancel",),
        ("burn", "--kind", "x"),
        ("cancel", "--kind", "x", "--state", "dead"),
        ("reschedule", "--kind", "x"),
        ("reschedule", "--kind", "x", "--at", "tomorrow"),
        ("prioritise", "--kind", "x", "--priority", "odd"),
    ],
)
async def test_what_makes_no_sense_is_wrong_usage(headrace, arguments):
    ran = await headrace("jobs", "bulk", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Traceback" not in ran.err


async def test_an_operation_that_does_not_exist_is_exit_code_3(headrace):
    ran = await headrace("operations", "resume", "01890000-0000-7000-8000-000000000000")
    assert (ran.code, ran.out) == (3, "")
