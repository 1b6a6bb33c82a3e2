"""The logs of handlers: kept with each attempt, in order, bounded, whatever becomes of it."""

import asyncio
import logging
import threading
from datetime import timedelta

import child_handlers
from fix_apps import AT_ONCE, eventually
from headrace import Headrace, Job, LogPolicy, Snooze, read_log
from headrace.jobs.logs import last_lines

shop = logging.getLogger("shop")


async def logged(bench, job, **options):
    async with bench.app.pool.acquire() as connection:
        return await read_log(connection, job.id, **options)


async def test_what_a_handler_logs_is_kept_in_order_when_its_end_is_seen(bench, app):
    @app.job("paint")
    async def paint(job: Job) -> None:
        shop.warning("one")
        job.log.info("two")
        await asyncio.to_thread(shop.error, "three")
        await asyncio.create_task(_say("four"))

    @app.job("paint-plain")
    def paint_plain(job: Job) -> None:
        shop.warning("one")
        job.log.info("two")

    job, plain = await app.enqueue("paint"), await app.enqueue("paint-plain")
    async with bench.working():
        shown = await bench.reaches(job, "completed")
        assert [(line.message, line.level, line.logger) for line in shown.logs] == [
            ("one", "WARNING", "shop"),
            ("two", "INFO", "headrace.job.paint"),
            ("three", "ERROR", "shop"),
            ("four", "WARNING", "shop"),
        ]
        assert shown.claimed_at <= shown.logs[0].logged_at <= shown.ended_at
        assert [line.message for line in (await bench.reaches(plain, "completed")).logs] == ["one", "two"]


async def _say(text: str) -> None:
    shop.warning(text)


async def test_each_attempt_has_its_own_log_and_retries_lose_none(bench, app):
    @app.job("paint", max_attempts=3, retry=AT_ONCE)
    async def paint(job: Job) -> None:
        job.log.info("attempt %d begins", job.attempt)
        job.log.error("no paint")
        raise ValueError

    job = await app.enqueue("paint")
    async with bench.working():
        await bench.reaches(job, "dead")
    lines = await logged(bench, job)
    assert [(line.attempt, line.message) for line in lines] == [
        (attempt, text) for attempt in (1, 2, 3) for text in (f"attempt {attempt} begins", "no paint")
    ]
    assert [line.message for line in await logged(bench, job, attempt=2)] == ["attempt 2 begins", "no paint"]
    page = await logged(bench, job, limit=3)
    rest = await logged(bench, job, after=(page[-1].lease, page[-1].line))
    assert page + rest == lines
    async with app.pool.acquire() as connection:
        assert await last_lines(connection, job.id, limit=2) == lines[-2:]


async def test_attempts_that_do_not_count_keep_their_logs_apart(bench, app):
    snoozed: list[int] = []

    @app.job("paint")
    async def paint(job: Job) -> None:
        job.log.info("turn %d", len(snoozed))
        snoozed.append(1)
        if len(snoozed) < 3:
            raise Snooze(timedelta(0))

    job = await app.enqueue("paint")
    async with bench.working():
        await bench.reaches(job, "completed")
    lines = await logged(bench, job)
    assert [(line.attempt, line.message) for line in lines] == [(1, "turn 0"), (1, "turn 1"), (1, "turn 2")]
    assert len({line.lease for line in lines}) == 3


async def test_a_log_can_be_read_while_the_handler_runs(bench, app):
    gate = asyncio.Event()

    @app.job("paint")
    async def paint(job: Job) -> None:
        job.log.info("begun")
        await gate.wait()

    job = await app.enqueue("paint")
    async with bench.working():
        [line] = await eventually(lambda: logged(bench, job))
        assert line.message == "begun"
        gate.set()


async def test_a_log_is_bounded_and_says_how_much_is_missing(bench, app):
    @app.job("paint", logs=LogPolicy(lines=10, level=logging.WARNING))
    async def paint(job: Job) -> None:
        job.log.info("below")
        for number in range(100):
            shop.warning("line %d", number)

    job = await app.enqueue("paint")
    async with bench.working():
        await bench.reaches(job, "completed")
    *lines, last = await logged(bench, job)
    assert [line.message for line in lines] == [f"line {number}" for number in range(10)]
    assert last.dropped_count == 90
    assert last.message.startswith("90 more lines were not kept")


async def test_a_kind_may_keep_nothing_and_an_app_may_say_so_for_all(bench, app, database):
    @app.job("paint", logs=LogPolicy(lines=0))
    async def paint(job: Job) -> None:
        job.log.error("nobody reads it")

    job = await app.enqueue("paint")
    async with bench.working():
        await bench.reaches(job, "completed")
    assert await logged(bench, job) == []
    quiet = Headrace(database, name="quiet", logs=LogPolicy(level=logging.ERROR), say=lambda _: None)
    quiet.job("paint")(paint)
    quiet.job("loud", logs=LogPolicy(level=logging.DEBUG))(paint)
    assert quiet.kinds.get("paint").logs.level == logging.ERROR
    assert quiet.kinds.get("loud").logs.level == logging.DEBUG


async def test_logs_of_a_transaction_that_completes_the_job_are_kept(bench, app):
    @app.job("paint")
    async def paint(job: Job) -> None:
        job.log.info("before")
        async with job.transaction():
            job.log.info("within")

    job = await app.enqueue("paint")
    async with bench.working():
        await bench.reaches(job, "completed")
    assert [line.message for line in await logged(bench, job)] == ["before", "within"]


async def test_lines_from_many_threads_are_all_there(bench, app):
    @app.job("paint", logs=LogPolicy(lines=10_000))
    def paint(job: Job) -> None:
        def say(start: int) -> None:
            for number in range(start, 2_000, 4):
                job.log.info(str(number))

        threads = [threading.Thread(target=say, args=(start,)) for start in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    job = await app.enqueue("paint")
    async with bench.working():
        await bench.reaches(job, "completed")
    lines = await logged(bench, job, limit=3_000)
    assert [line.line for line in lines] == list(range(2_000))
    assert {int(line.message) for line in lines} == set(range(2_000))


async def test_many_lines_are_few_statements(bench, app, connection):
    @app.job("paint")
    async def paint(number: int, job: Job) -> None:
        for line in range(10):
            job.log.info("%d %d", number, line)

    await app.enqueue_many("paint", list(range(500)))
    calls: list[int] = []
    async with bench.working() as process:
        completer = process.worker._completer
        take = completer.logs.take

        def taken(count: int):
            found = take(count)
            if found:
                calls.append(len(found))
            return found

        completer.logs.take = taken
        await eventually(lambda: bench.value("SELECT count(*) = 500 FROM headrace.outcome"))
    assert await bench.value("SELECT count(*) FROM headrace.job_log") == 5_000
    assert sum(calls) == 5_000
    assert len(calls) < 100


async def test_lines_wait_while_the_database_is_away_and_are_kept_once(bench, app, monkeypatch):
    gate = asyncio.Event()

    @app.job("paint")
    async def paint(job: Job) -> None:
        job.log.info("one")
        await gate.wait()
        job.log.info("two")

    job = await app.enqueue("paint")
    async with bench.working() as process:
        await eventually(lambda: logged(bench, job))
        completer = process.worker._completer
        real, lost = completer._session.use, []

        def refuse():
            lost.append(1)
            raise ConnectionRefusedError

        monkeypatch.setattr(completer._session, "use", refuse)
        gate.set()
        await eventually(lambda: len(lost) > 1)
        monkeypatch.setattr(completer._session, "use", real)
        await bench.reaches(job, "completed")
    assert [line.message for line in await logged(bench, job)] == ["one", "two"]


async def test_a_log_that_cannot_be_written_holds_up_no_outcome_and_is_told_of(bench, app, connection):
    await connection.execute("ALTER TABLE headrace.job_log ADD CONSTRAINT odd CHECK (message <> 'odd')")

    @app.job("paint")
    async def paint(job: Job) -> None:
        job.log.info("odd")

    job = await app.enqueue("paint")
    async with bench.working():
        await bench.reaches(job, "completed")
    [record] = bench.records.named("logs.lost")
    assert record.fields["count"] == 1


async def test_an_attempt_that_logs_nothing_makes_nothing(bench, app):
    seen: list[Job] = []

    @app.job("paint")
    async def paint(job: Job) -> None:
        seen.append(job)

    job = await app.enqueue("paint")
    async with bench.working():
        await bench.reaches(job, "completed")
    assert seen[0].kept is None


# Of child processes


async def test_what_a_child_logs_comes_through_its_line(bench, app):
    app.job("say", executor="process", logs=LogPolicy(lines=3))(child_handlers.say)
    job = await app.enqueue("say", ["one", "two", "three", "four", "five"])
    async with bench.working():
        await bench.reaches(job, "completed")
    *lines, last = await logged(bench, job)
    assert [(line.message, line.logger) for line in lines] == [("one", "shop"), ("two", "shop"), ("three", "shop")]
    assert last.dropped_count == 3


async def test_what_a_child_logged_before_it_was_killed_is_kept(bench, app):
    app.job("say", executor="process", timeout=timedelta(milliseconds=200), max_attempts=1)(child_handlers.say_and_hang)
    job = await app.enqueue("say")
    async with bench.working():
        await bench.reaches(job, "dead")
    assert [line.message for line in await logged(bench, job)] == [f"line {number}" for number in range(20)]
