"""Whatever somebody does to a job, a tree, a schedule or a limit is recorded with who did it, once it is done."""

from datetime import timedelta

import pytest

from headrace import JobNotFoundError, ScheduleNotFoundError, bind, cancel_tree, retry_tree, uuid7
from headrace.jobs.limit import Rate, Rule
from headrace.jobs.limit_rules import set_rule, unset_rule
from headrace.jobs.operation import list_operations
from headrace.jobs.steering import cancel_one, retry_one


async def recorded(connection) -> list[tuple[str, str, dict]]:
    """What was done, by whom and to what, the oldest first."""
    return [(one.action, one.actor, one.subject) for one in reversed(await list_operations(connection))]


async def test_what_is_done_to_one_job_is_recorded_where_it_is_done(app, connection):
    app.declare("any")
    job = await app.enqueue("any")
    found, done = await cancel_one(app, job.id, by="ada")
    assert (found.state, done) == ("pending", "cancelled")
    assert (await cancel_one(app, job.id, by="bob"))[1] is None
    found, is_back = await retry_one(app, job.id, by="cy")
    assert (found.state, is_back) == ("cancelled", True)
    assert not (await retry_one(app, job.id, by="dan"))[1]
    with pytest.raises(JobNotFoundError):
        await cancel_one(app, uuid7(), by="eve")
    assert await recorded(connection) == [
        ("job.cancelled", "ada", {"job": str(job.id), "did": "cancelled"}),
        ("job.retried", "cy", {"job": str(job.id)}),
    ]


async def test_what_is_done_to_a_tree_is_recorded(app, connection):
    app.declare("any")
    root = await app.enqueue("any")
    await app.enqueue("any", parent=root.id)
    await cancel_tree(app, root.id, by="ada")
    with bind(actor="bob"):
        await retry_tree(app, root.id)
    with pytest.raises(JobNotFoundError):
        await cancel_tree(app, uuid7(), by="eve")
    with pytest.raises(JobNotFoundError):
        await retry_tree(app, uuid7(), by="eve")
    assert await recorded(connection) == [
        ("tree.cancelled", "ada", {"job": str(root.id)}),
        ("tree.retried", "bob", {"job": str(root.id)}),
    ]


async def test_what_is_done_to_a_schedule_is_recorded(app, connection):
    app.declare("any")
    minute = timedelta(minutes=1)
    await app.schedules.create("often", "any", every=minute, by="ada")
    await app.schedules.edit("often", every=2 * minute, by="bob")
    for _ in range(2):  # the second time there is nothing to do
        await app.schedules.pause("often", by="cy")
    for _ in range(2):
        await app.schedules.resume("often", by="dan")
    await app.schedules.trigger("often", by="eve")
    with bind(actor="fay"):
        await app.schedules.delete("often")
    with pytest.raises(ScheduleNotFoundError):
        await app.schedules.pause("often", by="gus")
    subject = {"schedule": "often"}
    assert await recorded(connection) == [
        ("schedule.created", "ada", subject),
        ("schedule.edited", "bob", subject),
        ("schedule.paused", "cy", subject),
        ("schedule.resumed", "dan", subject),
        ("schedule.triggered", "eve", subject),
        ("schedule.deleted", "fay", subject),
    ]


async def test_what_is_done_to_a_limit_is_recorded(connection):
    async with connection.transaction():
        await set_rule(connection, Rule("mail", 3, Rate(5)), by="ada")
        await unset_rule(connection, "mail", by="bob")
    assert await recorded(connection) == [
        (
            "limit.set",
            "ada",
            {"limit": "mail", "concurrency": 3, "rate": 5, "per_seconds": 1.0, "burst": 5},
        ),
        ("limit.unset", "bob", {"limit": "mail"}),
    ]
