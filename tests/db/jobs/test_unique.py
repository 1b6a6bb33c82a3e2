import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from fix_apps import eventually
from headrace import Headrace, Job, RetryPolicy, Unique
from headrace.jobs.cancelling import cancel_job
from headrace.jobs.unique import forget_holds

MINUTE = timedelta(minutes=1)
START = datetime(2031, 5, 1, 12, tzinfo=UTC)
WAITS = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"


async def test_a_held_key_stores_nothing_and_names_the_holder(bench, app):
    app.declare("score")
    first = await app.enqueue("score", 1, unique=Unique("ada"))
    second = await app.enqueue("score", 2, unique=Unique("ada"))
    assert (first.is_new, second.is_new, second.id) == (True, False, first.id)
    assert (await bench.show(first)).args == 1
    assert await bench.value("SELECT count(*) FROM headrace.job") == 1


async def test_a_key_is_scoped_by_its_kind(app):
    app.declare("score")
    app.declare("mail")
    assert (await app.enqueue("score", unique=Unique("ada"))).is_new
    assert (await app.enqueue("mail", unique=Unique("ada"))).is_new


async def test_keys_do_not_run_into_one_another(app):
    app.declare("score")
    app.declare("score-x")
    keys = ["a", "A", "a ", "á", "a\x1f", "1"]
    jobs = await app.enqueue_many("score", [None] * len(keys), uniques=[Unique(key) for key in keys])
    assert all(job.is_new for job in jobs)


@pytest.mark.parametrize(("scope", "is_new"), [("waiting", True), ("alive", False)])
async def test_the_scope_says_whether_a_running_job_holds_its_key(bench, app, scope, is_new):
    gate = asyncio.Event()

    @app.job("score")
    async def score() -> None:
        await gate.wait()

    first = await app.enqueue("score", unique=Unique("ada", scope=scope))
    async with bench.working():
        await bench.reaches(first, "processing")
        second = await app.enqueue("score", unique=Unique("ada", scope=scope))
        assert second.is_new is is_new
        gate.set()
        await bench.reaches(first, "completed")
        third = await app.enqueue("score", unique=Unique("ada", scope=scope))
        assert third.is_new


async def test_a_job_waiting_for_its_retry_still_holds_its_key(bench, app):
    @app.job("score")
    async def score() -> None:
        raise ValueError

    first = await app.enqueue("score", unique=Unique("ada"))
    async with bench.working():
        await bench.reaches(first, "scheduled")
    assert (await app.enqueue("score", unique=Unique("ada"))).id == first.id


async def test_a_cancelled_job_frees_its_key(bench, app, connection):
    app.declare("score")
    first = await app.enqueue("score", unique=Unique("ada"))
    await cancel_job(connection, first.id, by="someone", error="{}")
    assert (await app.enqueue("score", unique=Unique("ada"))).is_new


async def test_debouncing_pushes_the_holder_back_each_time(clocked, clock):
    app = clocked.app
    app.declare("score")
    unique = Unique("ada", on_conflict="debounce")
    first = await app.enqueue("score", delay=MINUTE, unique=unique)
    clock.advance(timedelta(seconds=30))
    assert not (await app.enqueue("score", delay=MINUTE, unique=unique)).is_new
    assert (await clocked.show(first)).run_at == START + timedelta(seconds=90)


async def test_debouncing_never_pushes_beyond_its_longest_wait(clocked, clock):
    app = clocked.app
    app.declare("score")
    unique = Unique("ada", on_conflict="debounce", max_wait=timedelta(minutes=3))
    first = await app.enqueue("score", delay=MINUTE, unique=unique)
    for _ in range(20):
        clock.advance(timedelta(seconds=30))
        await app.enqueue("score", delay=MINUTE, unique=unique)
    assert (await clocked.show(first)).run_at == START + MINUTE + timedelta(minutes=3)


async def test_debouncing_never_pulls_the_holder_forward(clocked):
    app = clocked.app
    app.declare("score")
    unique = Unique("ada", on_conflict="debounce")
    first = await app.enqueue("score", delay=MINUTE, unique=unique)
    await app.enqueue("score", unique=unique)
    assert (await clocked.show(first)).run_at == START + MINUTE


async def test_without_debounce_the_holder_stays_where_it_is(clocked):
    app = clocked.app
    app.declare("score")
    first = await app.enqueue("score", delay=MINUTE, unique=Unique("ada"))
    await app.enqueue("score", delay=MINUTE * 5, unique=Unique("ada"))
    assert (await clocked.show(first)).run_at == START + MINUTE


async def test_replacing_gives_the_holder_what_the_new_job_would_have_had(clocked):
    app = clocked.app
    app.declare("score")
    unique = Unique("ada", on_conflict="replace")
    first = await app.enqueue("score", 1, delay=MINUTE * 5, metadata={"turn": 1}, unique=unique)
    second = await app.enqueue(
        "score", 2, delay=MINUTE, priority="high", max_attempts=7, metadata={"turn": 2}, unique=unique
    )
    assert (second.id, second.is_new) == (first.id, False)
    shown = await clocked.show(first)
    assert (shown.args, shown.run_at, shown.priority, shown.max_attempts) == (2, START + MINUTE, "high", 7)
    assert shown.metadata == {"turn": 2}


async def test_the_handler_gets_the_args_of_the_last_enqueue_before_it_began(bench, app):
    gate = asyncio.Event()
    ran: list[int] = []

    @app.job("score")
    async def score(number: int) -> None:
        ran.append(number)
        await gate.wait()

    unique = Unique("ada", scope="waiting", on_conflict="replace")
    for number in range(3):
        await app.enqueue("score", number, unique=unique)
    async with bench.working():
        await eventually(lambda: ran == [2])
        late = await app.enqueue("score", 3, unique=unique)
        assert late.is_new
        gate.set()
        await bench.reaches(late, "completed")
    assert ran == [2, 3]


async def test_a_replaced_job_begins_anew_with_all_attempts_and_no_steps(bench, app):
    ran: list[tuple[int, int, int]] = []

    @app.job("score", max_attempts=2, retry=RetryPolicy(unit=timedelta(hours=1)))
    async def score(number: int, job: Job) -> None:
        ran.append((number, await job.step("count", lambda: number), job.attempt))
        if number == 1:
            raise ValueError

    unique = Unique("ada", on_conflict="replace")
    first = await app.enqueue("score", 1, unique=unique)
    async with bench.working():
        await bench.reaches(first, "scheduled")
        await app.enqueue("score", 2, unique=unique)
        shown = await bench.reaches(first, "completed")
    assert ran == [(1, 1, 1), (2, 2, 1)]
    assert len(shown.failures) == 1, "the history stays"


async def test_a_wish_to_cancel_what_was_replaced_does_not_reach_what_replaced_it(bench, app, connection):
    @app.job("score")
    async def score(number: int) -> int:
        return number

    unique = Unique("ada", on_conflict="replace")
    first = await app.enqueue("score", 1, unique=unique)
    # Asked for while it ran; then its worker stopped and gave it back.
    await connection.execute("UPDATE headrace.run SET cancel_requested_by = 'ada'")
    await app.enqueue("score", 2, unique=unique)
    async with bench.working():
        assert (await bench.reaches(first, "completed")).result == 2


async def test_a_running_holder_is_not_replaced(bench, app):
    gate = asyncio.Event()

    @app.job("score")
    async def score(number: int) -> None:
        del number
        await gate.wait()

    first = await app.enqueue("score", 1, unique=Unique("ada", on_conflict="replace"))
    async with bench.working():
        await bench.reaches(first, "processing")
        assert (await app.enqueue("score", 2, unique=Unique("ada", on_conflict="replace"))).id == first.id
        assert (await bench.show(first)).args == 1
        gate.set()
        await bench.reaches(first, "completed")


async def test_of_equal_keys_in_one_call_the_last_replaces(bench, app):
    app.declare("score")
    unique = Unique("ada", on_conflict="replace")
    jobs = await app.enqueue_many("score", [1, 2, 3], uniques=[unique] * 3)
    assert len({job.id for job in jobs}) == 1
    assert (await bench.show(jobs[0])).args == 3


async def test_args_are_the_key_where_none_is_given(app):
    app.declare("score")
    first = await app.enqueue("score", {"user": 1, "page": 1}, unique=Unique(by=("user",)))
    same = await app.enqueue("score", {"user": 1, "page": 2}, unique=Unique(by=("user",)))
    other = await app.enqueue("score", {"user": 2, "page": 1}, unique=Unique(by=("user",)))
    assert (same.id, same.is_new, other.is_new) == (first.id, False, True)


async def test_a_window_outlasts_the_job_and_then_frees_the_key(clocked, clock):
    app = clocked.app
    ran: list[int] = []

    @app.job("score")
    async def score(number: int) -> None:
        ran.append(number)

    unique = Unique("ada", window=MINUTE * 10)
    first = await app.enqueue("score", 1, unique=unique)
    async with clocked.working():
        await clocked.reaches(first, "completed")
    clock.advance(MINUTE * 9)
    again = await app.enqueue("score", 2, unique=unique)
    assert (again.id, again.is_new) == (first.id, False)
    clock.advance(MINUTE)
    third = await app.enqueue("score", 3, unique=unique)
    assert third.is_new
    assert not (await app.enqueue("score", 4, unique=unique)).is_new


@pytest.mark.parametrize("on_conflict", ["skip", "replace", "debounce"])
async def test_a_window_holds_the_key_against_jobs_without_one(clocked, clock, connection, on_conflict):
    app = clocked.app
    app.declare("score")
    first = await app.enqueue("score", 1, unique=Unique("ada", window=MINUTE))
    await cancel_job(connection, first.id, by="someone", error="{}")
    second = await app.enqueue("score", 2, unique=Unique("ada", on_conflict=on_conflict))
    assert (second.id, second.is_new) == (first.id, False)
    clock.advance(MINUTE)
    assert (await app.enqueue("score", 3, unique=Unique("ada", on_conflict=on_conflict))).is_new


async def test_a_job_older_than_its_window_still_holds_the_key(bench, clocked, clock):
    app = clocked.app
    app.declare("score")
    unique = Unique("ada", window=MINUTE)
    first = await app.enqueue("score", 1, delay=MINUTE * 60, unique=unique)
    clock.advance(MINUTE * 5)
    assert (await app.enqueue("score", 2, unique=unique)).id == first.id
    assert await bench.value("SELECT count(*) FROM headrace.unique_hold WHERE job_id <> $1", first.id) == 0


async def test_of_many_concurrent_enqueuers_of_a_window_exactly_one_stores_the_job(database):
    async with Headrace(database, name="race", pool_size=32, say=lambda _: None) as app:
        app.declare("score")
        unique = Unique("ada", scope="waiting", window=timedelta(hours=1))
        jobs = await asyncio.gather(*(app.enqueue("score", number, unique=unique) for number in range(32)))
        assert sum(job.is_new for job in jobs) == 1
        assert len({job.id for job in jobs}) == 1


async def test_windows_that_are_over_are_removed(bench, clocked, clock, connection):
    app = clocked.app
    app.declare("score")
    for number in range(5):
        await app.enqueue("score", number, unique=Unique(str(number), window=MINUTE * (number + 1)))
    clock.advance(MINUTE * 3)
    assert await forget_holds(connection, limit=2, now=clock.now()) == 2
    assert await forget_holds(connection, limit=2, now=clock.now()) == 1
    assert await bench.value("SELECT count(*) FROM headrace.unique_hold") == 2


async def test_of_many_jobs_in_one_call_each_key_is_stored_once(app, bench):
    app.declare("score")
    jobs = await app.enqueue_many("score", list(range(1_500)), uniques=[Unique(str(n % 600)) for n in range(1_500)])
    assert sum(job.is_new for job in jobs) == 600
    assert [job.id for job in jobs[:600]] == [job.id for job in jobs[600:1200]]
    assert await bench.value("SELECT count(*) FROM headrace.run") == 600


async def test_of_many_concurrent_enqueuers_exactly_one_stores_the_job(database):
    async with Headrace(database, name="race", pool_size=32, say=lambda _: None) as app:
        app.declare("score")
        for turn in range(5):
            jobs = await asyncio.gather(
                *(app.enqueue("score", number, unique=Unique(f"turn {turn}")) for number in range(32))
            )
            assert sum(job.is_new for job in jobs) == 1
            assert len({job.id for job in jobs}) == 1
        async with app.pool.acquire() as connection:
            assert await connection.fetchval("SELECT count(*) FROM headrace.job") == 5
            assert await connection.fetchval("SELECT count(*) FROM headrace.run") == 5


async def test_enqueuers_racing_with_the_holders_end_never_lose_the_job(bench, app):
    """After every enqueue there is a job that has not begun before it: new, or the waiting holder."""
    ran: list[int] = []

    @app.job("score")
    async def score() -> None:
        ran.append(1)

    async with bench.working():
        for _ in range(100):
            before = len(ran)
            await app.enqueue("score", unique=Unique("ada", scope="waiting"))
            await eventually(lambda before=before: len(ran) > before)


async def test_enqueuers_of_many_keys_in_any_order_do_not_deadlock(app):
    app.declare("score")

    async def enqueue(keys: list[int]) -> None:
        await app.enqueue_many("score", keys, uniques=[Unique(str(key)) for key in keys])

    forward = list(range(200))
    await asyncio.gather(*(enqueue(forward if n % 2 else forward[::-1]) for n in range(8)))


async def test_jobs_that_give_way_to_a_transaction_with_their_keys_are_enqueued_again(app, bench):
    """Several keys are taken in order, but a transaction may take one by one in any."""
    app.declare("score")
    async with app.transaction() as tx:
        theirs = await tx.enqueue("score", unique=Unique("b"))
        ours = asyncio.ensure_future(app.enqueue_many("score", [1, 2], uniques=[Unique("a"), Unique("b")]))
        await eventually(lambda: bench.value(WAITS))
        assert (await tx.enqueue("score", unique=Unique("a"))).is_new  # waits for ours, which wait for theirs
    assert [job.is_new for job in await ours] == [False, False]
    assert (await ours)[1].id == theirs.id


async def test_a_rolled_back_holder_leaves_the_key_to_the_next(app):
    app.declare("score")
    with pytest.raises(LookupError):
        async with app.transaction() as tx:
            await tx.enqueue("score", unique=Unique("ada"))
            raise LookupError
    assert (await app.enqueue("score", unique=Unique("ada"))).is_new


async def test_a_waiting_holder_is_not_claimed_before_the_second_enqueuer_has_committed(bench, app, database):
    """Its writes must be visible to the run that stands for both."""
    ran: list[int] = []

    @app.job("score")
    async def score(number: int) -> None:
        ran.append(number)

    first = await app.enqueue("score", 1, unique=Unique("ada"))
    caller = await asyncpg.connect(database)
    try:
        transaction = caller.transaction()
        await transaction.start()
        assert not (await app.enqueue("score", 2, unique=Unique("ada"), connection=caller)).is_new
        other = await app.enqueue("score", 3)
        async with bench.working():
            await bench.reaches(other, "completed")
            assert ran == [3]
            await transaction.commit()
            await bench.reaches(first, "completed")
    finally:
        caller.terminate()


async def test_a_long_transaction_that_met_a_running_holder_does_not_hold_up_other_completions(bench, app, database):
    gate = asyncio.Event()

    @app.job("held")
    async def held() -> None:
        await gate.wait()

    @app.job("other")
    async def other() -> None:
        pass

    holder = await app.enqueue("held", unique=Unique("ada"))
    caller = await asyncpg.connect(database)
    try:
        async with bench.working():
            await bench.reaches(holder, "processing")
            transaction = caller.transaction()
            await transaction.start()
            await app.enqueue("held", unique=Unique("ada"), connection=caller)
            gate.set()
            done = await app.enqueue_many("other", [None] * 10)
            for job in done:
                await bench.reaches(job, "completed", 3)
            await transaction.rollback()
            await bench.reaches(holder, "completed", 3)
    finally:
        caller.terminate()
