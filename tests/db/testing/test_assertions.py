"""The assertions hold where they should, and tell what is there where they do not."""

from datetime import timedelta

import pytest

from fix_apps import opened_bench
from fix_events import ContactCreated, ContactRenamed, NoteTaken
from headrace import ConfigurationError, Stream, UnknownEventError, UnknownKindError
from headrace.testing import (
    assert_appended,
    assert_enqueued,
    assert_no_jobs,
    assert_not_enqueued,
    drain,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def shop(app):
    """An app of two kinds and two types."""

    @app.job("mail", queue="post")
    async def mail(args: dict) -> None: ...

    app.declare("call")
    app.register(ContactCreated, ContactRenamed)
    return app


async def test_a_job_is_found_by_what_is_known_of_it(shop):
    job = await shop.enqueue("mail", {"to": 7, "copy": [1]}, priority="high", delay=HOUR, metadata={"why": "test"})
    for options in (
        {},
        {"args": {"to": 7}},
        {"args": lambda args: args["to"] > 5},
        {"queue": "post", "priority": "high", "state": "scheduled", "delay": HOUR, "count": 1},
        {"metadata": {"why": "test"}},
    ):
        (found,) = await assert_enqueued(shop, "mail", **options)
        assert found.id == job.id


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"args": {"to": 8}}, "args.to is 7, not 8"),
        ({"queue": "other"}, "its queue is not 'other'"),
        ({"priority": "low"}, "its priority is not low"),
        ({"state": "dead"}, "its state is not dead"),
        ({"delay": 2 * HOUR}, "its delay is"),
        ({"metadata": {"why": "test"}}, "metadata is None, not an object"),
        ({"count": 2}, "expected 2 job(s) of kind 'mail', found 1; of 1:"),
    ],
)
async def test_what_is_otherwise_is_told_beside_the_job(shop, options, reason):
    await shop.enqueue("mail", {"to": 7}, delay=HOUR)
    with pytest.raises(AssertionError) as caught:
        await assert_enqueued(shop, "mail", **options)
    assert reason in str(caught.value)
    assert "mail {\"to\":7} in queue 'post', normal, scheduled, due " in str(caught.value)


async def test_where_there_is_none_of_the_kind_the_others_are_listed(shop):
    await shop.enqueue("call", 5)
    with pytest.raises(AssertionError, match=r"there is no mail at all, but:\n  call 5 in queue 'default'"):
        await assert_enqueued(shop, "mail")


async def test_a_job_that_has_run_was_enqueued(shop):
    await shop.enqueue("mail", {"to": 7})
    await drain(shop)
    await assert_enqueued(shop, "mail", state="completed")
    await assert_no_jobs(shop)
    with pytest.raises(AssertionError, match="expected no job of kind 'mail', found 1"):
        await assert_not_enqueued(shop, "mail")
    await assert_not_enqueued(shop, "mail", {"to": 8})


async def test_a_job_that_waits_is_told(shop):
    await shop.enqueue("mail", {"to": 7})
    with pytest.raises(AssertionError, match=r'found 1:\n  mail {"to":7}'):
        await assert_no_jobs(shop)
    await assert_no_jobs(shop, kind="call")
    await assert_no_jobs(shop, queue="other")


async def test_a_misspelt_kind_is_an_error_and_no_answer(shop):
    with pytest.raises(UnknownKindError):
        await assert_not_enqueued(shop, "mial")
    with pytest.raises(UnknownKindError):
        await assert_no_jobs(shop, kind="mial")


@pytest.mark.parametrize("options", [{"state": "done"}, {"priority": "urgent"}, {"priority": 7}])
async def test_what_no_job_can_be_is_an_error_and_no_answer(shop, options):
    with pytest.raises(ConfigurationError, match="must be one of"):
        await assert_not_enqueued(shop, "mail", **options)


async def test_due_times_are_told_by_the_virtual_clock(database, clock):
    async with opened_bench(database, clock=clock) as bench:
        bench.app.declare("call")
        await bench.app.enqueue("call", delay=2 * HOUR)
        clock.advance(HOUR)
        await assert_enqueued(bench.app, "call", delay=HOUR, run_at=clock.now() + HOUR, state="scheduled")
        clock.advance(HOUR)
        await assert_enqueued(bench.app, "call", state="pending")
        with pytest.raises(AssertionError, match=r"it is due .* not"):
            await assert_enqueued(bench.app, "call", run_at=clock.now() + HOUR, tolerance=HOUR / 2)
        await assert_enqueued(bench.app, "call", run_at=clock.now() + HOUR, tolerance=2 * HOUR)


async def test_an_event_is_found_by_class_type_or_equality(shop):
    stream = Stream("contact", "7")
    await shop.append(ContactCreated("Ada"), stream=stream)
    for event, data in (
        (ContactCreated, {"name": "Ada"}),
        (ContactCreated, lambda data: data["name"].startswith("A")),
        ("contact.created", ContactCreated("Ada")),
        (ContactCreated("Ada"), None),
    ):
        options = {} if data is None else {"data": data}
        (found,) = await assert_appended(shop, event, stream=stream, count=1, **options)
        assert found.data == ContactCreated("Ada")
    await assert_appended(shop, ContactRenamed, count=0)


@pytest.mark.parametrize(
    ("event", "options", "reason"),
    [
        (ContactCreated("Bo"), {}, "data.name is 'Ada', not 'Bo'"),
        (ContactCreated, {"stream": Stream("contact", "8")}, "its stream is not contact/8"),
        (ContactCreated, {"user_id": "eve"}, "its user is None, not 'eve'"),
        (ContactCreated, {"count": 2}, "expected 2 event(s) 'contact.created', found 1; of 1:"),
        (ContactRenamed, {}, "there is no contact.renamed at all, but:"),
    ],
)
async def test_what_is_otherwise_is_told_beside_the_event(shop, event, options, reason):
    await shop.append(ContactCreated("Ada"), stream=Stream("contact", "7"))
    with pytest.raises(AssertionError) as caught:
        await assert_appended(shop, event, **options)
    assert reason in str(caught.value)
    assert 'contact.created {"name": "Ada"} of contact/7' in str(caught.value)


async def test_a_type_nobody_registered_is_an_error_and_no_answer(shop):
    with pytest.raises(UnknownEventError):
        await assert_appended(shop, NoteTaken, count=0)
