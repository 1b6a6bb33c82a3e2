"""`drain`: everything that is due, here and now, in one order."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from fix_apps import AT_ONCE, opened_bench
from fix_events import ContactCreated, ContactRenamed, NoteTaken
from headrace import Cancel, ConfigurationError, Discard, Headrace, Job, Retry, RetryPolicy, Snooze, Stream
from headrace.events.operate import resume_parked
from headrace.testing import VirtualClock, assert_enqueued, drain, opened


class Visit(msgspec.Struct, frozen=True):
    place: int


@pytest.fixture
def noted(app) -> list:
    """What the jobs of kind `note` were given, in the order they ran."""
    seen: list = []

    @app.job("note")
    async def note(args: int) -> None:
        seen.append(args)

    return seen


async def test_nothing_due_is_nothing_done(app):
    done = await drain(app)
    assert (done.jobs, done.event_count) == ([], 0)


async def test_a_job_is_run_and_recorded_as_a_worker_would(bench, app):
    @app.job("visit")
    async def visit(args: Visit, job: Job) -> dict[str, int]:
        job.progress(1, total=2)
        return {"place": args.place, "attempt": job.attempt}

    job = await app.enqueue("visit", Visit(3))
    done = await drain(app)
    stored = await bench.show(job)
    assert (stored.state, stored.result, stored.progress.done) == ("completed", {"place": 3, "attempt": 1}, 1)
    (ran,) = done.jobs
    assert (ran.id, ran.kind, ran.attempt, ran.outcome, ran.error) == (job.id, "visit", 1, "completed", None)


async def test_jobs_run_by_priority_then_due_time_then_id_over_all_queues(app, noted):
    now = datetime.now(UTC)
    await app.enqueue("note", 5, priority="low")
    await app.enqueue("note", 4, queue="zoo")
    await app.enqueue("note", 3, run_at=now - timedelta(hours=1), queue="attic")
    await app.enqueue("note", 2, run_at=now - timedelta(hours=2))
    await app.enqueue("note", 1, priority="critical", queue="zoo")
    await drain(app)
    assert noted == [1, 2, 3, 4, 5]


async def test_what_jobs_enqueue_runs_too(app, noted):
    @app.job("twice")
    async def twice(args: int, job: Job) -> None:
        async with job.transaction() as tx:
            await tx.enqueue("note", args, parent=job)
        await job.enqueue("note", -args)

    await app.enqueue("twice", 1)
    done = await drain(app)
    assert noted == [1, -1]
    assert done.kinds == {"twice": 1, "note": 2}
    assert done.outcomes == {"completed": 3}


async def test_one_turn_alone_leaves_what_events_brought(app, noted):
    app.register(NoteTaken)
    app.on(NoteTaken).enqueue("note", lambda event: len(event.data.text))

    await app.append(NoteTaken("abc"))
    assert (await drain(app, until_empty=False)).jobs == []
    assert (await drain(app, until_empty=False)).kinds == {"note": 1}
    assert noted == [3]


async def test_kinds_and_queues_choose_what_runs(app, noted):
    @app.job("other", queue="attic")
    async def other() -> None: ...

    await app.enqueue("note", 1)
    await app.enqueue("note", 2, queue="attic")
    await app.enqueue("other")
    assert (await drain(app, kinds=["note"], queues=["attic"])).kinds == {"note": 1}
    assert (await drain(app, queues=["attic"])).kinds == {"other": 1}
    assert (await drain(app, kinds=["note"])).kinds == {"note": 1}
    assert noted == [2, 1]


async def test_a_kind_without_a_handler_is_refused(app, noted):
    app.declare("elsewhere")
    await app.enqueue("elsewhere")
    with pytest.raises(ConfigurationError, match="no handler of elsewhere"):
        await drain(app, kinds=["elsewhere"])
    assert (await drain(app)).jobs == []


async def test_what_is_due_later_stays(bench, app, noted):
    job = await app.enqueue("note", 1, delay=timedelta(hours=1))
    assert (await drain(app)).jobs == []
    assert await bench.state(job) == "scheduled"


async def test_the_error_of_a_handler_is_raised_as_it_is_after_it_is_recorded(bench, app, noted):
    @app.job("breaks", priority="high")
    async def breaks() -> None:
        raise LookupError("no such place")

    job = await app.enqueue("breaks")
    await app.enqueue("note", 1)
    with pytest.raises(LookupError, match="no such place") as caught:
        await drain(app)
    assert f"in job breaks {job.id}, attempt 1: now retrying" in caught.value.__notes__
    assert (await bench.show(job)).failures[0].error["message"] == "no such place"
    assert noted == []
    await drain(app)
    assert noted == [1]


async def test_failures_stay_in_the_answer_where_they_are_not_to_be_raised(bench, app):
    @app.job("breaks", retry=AT_ONCE, max_attempts=3)
    async def breaks() -> None:
        raise LookupError("no such place")

    job = await app.enqueue("breaks")
    done = await drain(app, raise_on_failure=False)
    assert [(ran.attempt, ran.outcome, str(ran.error)) for ran in done.jobs] == [
        (1, "retrying", "no such place"),
        (2, "retrying", "no such place"),
        (3, "dead", "no such place"),
    ]
    assert await bench.state(job) == "dead"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Cancel("enough"), "cancelled"),
        (Discard("useless"), "failed"),
        (Snooze(timedelta(hours=1)), "snoozed"),
        (Retry(after=timedelta(hours=1)), "retrying"),
    ],
)
async def test_an_answer_of_a_handler_is_no_failure(app, answer, outcome):
    @app.job("answers")
    async def answers() -> None:
        raise answer

    await app.enqueue("answers")
    (ran,) = (await drain(app)).jobs
    assert (ran.outcome, ran.error) == (outcome, answer)


async def test_a_result_that_cannot_be_stored_is_a_failure(app):
    @app.job("returns")
    async def returns() -> object:
        return object()

    await app.enqueue("returns")
    with pytest.raises(Discard, match="not JSON"):
        await drain(app)


async def test_jobs_that_make_each_other_are_stopped_at_the_limit(app):
    @app.job("again")
    async def again(job: Job) -> None:
        await job.enqueue("again")

    await app.enqueue("again")
    with pytest.raises(AssertionError, match=r"more than 5 jobs were run: {'again': 6}"):
        await drain(app, limit=5)


async def test_as_many_jobs_as_the_limit_are_no_circle(app, noted):
    await app.enqueue_many("note", [1, 2, 3])
    assert len((await drain(app, limit=3)).jobs) == 3


async def test_a_plain_function_runs_in_a_thread(app):
    @app.job("plain")
    def plain(args: int) -> int:
        return 2 * args

    await app.enqueue("plain", 21)
    assert (await drain(app)).outcomes == {"completed": 1}


# Events


async def test_every_mode_of_handler_gets_its_events(app, noted):
    app.register(ContactCreated, ContactRenamed)
    seen: list[str] = []

    @app.on(ContactCreated, mode="sync")
    async def at_once(event, tx) -> None:
        seen.append(f"sync {event.data.name}")

    @app.on(ContactCreated, mode="job")
    async def by_job(event, job: Job) -> None:
        seen.append(f"job {event.data.name}")

    @app.on(ContactCreated, ContactRenamed, mode="ordered", lanes=4)
    async def in_order(events, tx) -> None:
        seen.extend(f"ordered {event.data.name}" for event in events)

    async with app.transaction() as tx:
        await tx.append(ContactCreated("Ada"))
        await tx.append(ContactRenamed("Bo"))
    done = await drain(app)
    assert seen == ["sync Ada", "ordered Ada", "ordered Bo", "job Ada"]
    assert done.event_count == 3
    assert done.kinds == {"process-event": 1}


async def test_events_of_handlers_reach_the_next_ones(app, noted):
    app.register(ContactCreated, NoteTaken)

    @app.on(ContactCreated, mode="ordered")
    async def note(events, tx) -> None:
        for event in events:
            await tx.append(NoteTaken(event.data.name))

    app.on(NoteTaken).enqueue("note", lambda event: len(event.data.text))
    await app.append(ContactCreated("Ada"))
    done = await drain(app)
    assert noted == [3]
    assert done.event_count == 2


async def test_a_position_lost_to_a_rollback_holds_nothing_up(app):
    app.register(NoteTaken)
    seen: list[str] = []

    @app.on(NoteTaken, mode="ordered")
    async def see(events, tx) -> None:
        seen.extend(event.data.text for event in events)

    await app.append(NoteTaken("first"))

    async def fail() -> None:
        async with app.transaction() as tx:
            await tx.append(NoteTaken("lost"))
            await tx.flush()
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    await app.append(NoteTaken("second"))
    await drain(app)
    assert seen == ["first", "second"]


async def test_an_event_behind_an_open_transaction_is_not_waited_for(app):
    app.register(NoteTaken)
    seen: list[str] = []

    @app.on(NoteTaken, mode="ordered")
    async def see(events, tx) -> None:
        seen.extend(event.data.text for event in events)

    async with app.transaction() as tx:
        await tx.append(NoteTaken("open"))
        await tx.flush()
        await app.append(NoteTaken("later"))
        await drain(app)
        assert seen == []
    await drain(app)
    assert seen == ["open", "later"]


async def test_the_error_of_a_handler_of_events_is_raised(app):
    app.register(NoteTaken)

    @app.on(NoteTaken, mode="ordered")
    async def breaks(events, tx) -> None:
        raise LookupError(events[0].data.text)

    await app.append(NoteTaken("one"))
    with pytest.raises(LookupError, match="one"):
        await drain(app)
    done = await drain(app, raise_on_failure=False)
    assert (done.event_count, done.errors) == (0, [])  # its lane rests now


async def test_the_error_that_parks_a_stream_is_raised_and_what_waited_counts_when_it_goes_on(app):
    app.register(NoteTaken)
    is_broken, seen = True, []

    @app.on(NoteTaken, mode="ordered", name="see", attempts=1)
    async def see(events, tx) -> None:
        if is_broken:
            raise LookupError(events[0].data.text)
        seen.extend(event.data.text for event in events)

    for text in ("one", "two"):
        await app.append(NoteTaken(text), stream=Stream("note", "1"))
    with pytest.raises(LookupError, match="one"):
        await drain(app)
    done = await drain(app, raise_on_failure=False)
    assert (done.event_count, done.errors) == (0, [])
    is_broken = False
    async with app.transaction() as tx:
        assert await resume_parked(tx.connection, "see") == 1
    assert (await drain(app)).event_count == 2
    assert seen == ["one", "two"]


async def test_only_the_event_that_fails_stays(app):
    app.register(NoteTaken)
    seen: list[str] = []

    @app.on(NoteTaken, mode="ordered")
    async def see(events, tx) -> None:
        if any(event.data.text == "bad" for event in events):
            raise LookupError("bad")
        seen.extend(event.data.text for event in events)

    for text in ("one", "two", "bad", "three"):
        await app.append(NoteTaken(text))
    done = await drain(app, raise_on_failure=False)
    assert seen == ["one", "two"]
    assert [str(error) for error in done.errors] == ["bad"]


# Virtual time


@pytest.fixture
async def timed(database: str, clock: VirtualClock):
    """An open app on the virtual clock, and what its jobs `tick` saw: the time since the beginning."""
    began = clock.now()
    async with opened_bench(database, clock=clock) as bench:
        seen: list[timedelta] = []

        @bench.app.job("tick", retry=RetryPolicy(unit=timedelta(minutes=1), cap=timedelta(hours=1)))
        async def tick(args: int, job: Job) -> None:
            seen.append(clock.now() - began)
            if args >= job.attempt:
                raise LookupError(args)

        yield bench, seen


async def test_time_passes_only_as_far_as_it_is_told_to(timed, clock):
    bench, seen = timed
    began = clock.now()
    for hours in (3, 1, 2):
        await bench.app.enqueue("tick", 0, delay=timedelta(hours=hours))
    await drain(bench.app)
    assert (seen, clock.now()) == ([], began)
    await drain(bench.app, until=timedelta(hours=2))
    assert seen == [timedelta(hours=1), timedelta(hours=2)]
    await drain(bench.app, until=began + timedelta(days=1))
    assert seen[2:] == [timedelta(hours=3)]
    assert clock.now() == began + timedelta(days=1)


async def test_schedules_tick_at_their_exact_times(timed, clock):
    bench, seen = timed
    bench.app.schedule("hourly", "tick", 0, every=timedelta(hours=1))
    await drain(bench.app)
    assert seen == []
    done = await drain(bench.app, until=timedelta(hours=3))
    assert seen == [timedelta(hours=hours) for hours in (1, 2, 3)]
    assert done.kinds == {"tick": 3}
    clock.advance(timedelta(hours=2))
    await drain(bench.app)
    assert seen[3:] == [timedelta(hours=5)], "what the clock passed over is caught up: the newest tick"
    await bench.app.schedules.trigger("hourly")
    await drain(bench.app)
    assert seen[4:] == [timedelta(hours=5)]


async def test_schedules_that_code_declares_are_there_once_the_app_is_open(database, clock):
    app = Headrace(say=lambda _: None)
    app.declare("report")
    app.schedule("nightly", "report", cron="0 3 * * *")
    async with opened(app, database, clock=clock):
        await app.schedules.trigger("nightly")
        await assert_enqueued(app, "report", count=1)


async def test_retries_run_at_their_exact_time(timed):
    bench, seen = timed
    job = await bench.app.enqueue("tick", 2)
    await drain(bench.app, until=timedelta(hours=1), raise_on_failure=False)
    assert seen == [timedelta(0), timedelta(minutes=2), timedelta(minutes=6)]
    assert await bench.state(job) == "completed"


async def test_a_lane_that_rests_is_tried_again_in_time(database, clock):
    async with opened_bench(database, clock=clock) as bench:
        bench.app.register(NoteTaken)
        seen: list[str] = []

        @bench.app.on(NoteTaken, mode="ordered")
        async def see(events, tx) -> None:
            if len(seen) < 2:
                seen.append("broken")
                raise LookupError
            seen.append(events[0].data.text)

        await bench.app.append(NoteTaken("one"))
        await drain(bench.app, until=timedelta(hours=1), raise_on_failure=False)
        assert seen == ["broken", "broken", "one"]


async def test_until_needs_a_clock_that_can_be_moved(app):
    with pytest.raises(ConfigurationError, match="needs a clock that can be moved, got SystemClock"):
        await drain(app, until=timedelta(hours=1))


async def test_a_worker_beside_it_and_its_rescuer_leave_its_job_alone(bench, app):
    ran: list[int] = []

    @app.job("slow", queue="slow")
    async def slow() -> None:
        ran.append(1)
        async with bench.working(queues=("other",)):
            workers = await bench.value("SELECT count(*) FROM headrace.worker")
            assert workers == 2

    await app.enqueue("slow")
    await drain(app)
    assert ran == [1]
    assert await bench.value("SELECT count(*) FROM headrace.worker") == 0
