"""Schedules made, changed and looked at while the app runs."""

from datetime import UTC, datetime, timedelta

import pytest

from fix_apps import Bench, eventually
from fix_schedules import fired, fired_at, turn
from headrace import (
    ConfigurationError,
    InvalidArgsError,
    Job,
    ScheduleExistsError,
    ScheduleNotFoundError,
    UnknownKindError,
    bind,
)
from headrace.testing import VirtualClock

HOUR = timedelta(hours=1)
NOON = datetime(2031, 5, 1, 12, tzinfo=UTC)
LEADS = (
    "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name = 'tests leader schedules' AND state = 'idle'"
)


@pytest.fixture
def reports(clocked: Bench) -> Bench:
    """An app with a kind to schedule, at noon."""

    @clocked.app.job("report", queue="reports", priority="high", max_attempts=4)
    async def report(size: int, job: Job) -> int:
        return size

    return clocked


async def test_a_schedule_is_made_with_what_its_kind_says(reports: Bench):
    made = await reports.app.schedules.create(
        "daily", "report", 3, cron="0 3 * * *", timezone="Europe/Berlin", by="ada"
    )
    assert made == await reports.app.schedules.get("daily")
    assert (made.queue, made.priority, made.max_attempts) == ("reports", "high", 4)
    assert (made.source, made.app, made.edited_by) == ("runtime", "tests", "ada")
    assert made.next_at == datetime(2031, 5, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"kind": "rport"}, UnknownKindError, "not registered"),
        ({"args": "three"}, InvalidArgsError, "Expected `int`"),
        ({"cron": None}, ConfigurationError, "needs cron or every"),
        ({"every": HOUR}, ConfigurationError, "needs cron or every"),
        ({"cron": "0 25 * * *"}, ConfigurationError, "cannot be read"),
        ({"timezone": "Mars/Olympus"}, ConfigurationError, "IANA name"),
        ({"catch_up": "some"}, ConfigurationError, "catch_up must be one of"),
        ({"catch_up_limit": 0}, ConfigurationError, "catch_up_limit must be 1 to"),
        ({"queue": "no such queue"}, ConfigurationError, "queue's name"),
        ({"priority": "highest"}, ConfigurationError, "priority must be"),
        ({"max_attempts": 0}, ConfigurationError, "max_attempts must be"),
        ({"name": ""}, ConfigurationError, "schedule's name"),
        ({"name": "a\nb"}, ConfigurationError, "schedule's name"),
    ],
)
async def test_what_cannot_run_is_refused(reports: Bench, options: dict, error: type, words: str):
    chosen = {"name": "daily", "kind": "report", "args": 3, "cron": "0 3 * * *", **options}
    with pytest.raises(error, match=words):
        await reports.app.schedules.create(**chosen)
    assert await reports.app.schedules.all() == []


@pytest.mark.parametrize("options", [{}, {"cron": "x"}, {"every": HOUR, "cron": "* * * * *"}, {"every": -HOUR}])
async def test_a_declaration_that_cannot_be_read_is_refused_at_once(reports: Bench, options: dict):
    with pytest.raises(ConfigurationError):
        reports.app.schedule("daily", "report", 3, **options)


async def test_a_declaration_whose_kind_or_args_are_wrong_keeps_a_worker_from_starting(reports: Bench):
    reports.app.schedule("daily", "rport", 3, every=HOUR)
    with pytest.raises(UnknownKindError):
        reports.app.process()


async def test_a_name_stands_for_one_schedule(reports: Bench):
    await reports.app.schedules.create("daily", "report", 3, every=HOUR)
    with pytest.raises(ScheduleExistsError):
        await reports.app.schedules.create("daily", "report", 4, every=HOUR)
    assert (await reports.app.schedules.get("daily")).args == 3
    reports.app.schedule("weekly", "report", 3, every=HOUR)
    with pytest.raises(ConfigurationError, match="twice"):
        reports.app.schedule("weekly", "report", 3, every=HOUR)


async def test_what_is_not_there_is_not_found(reports: Bench):
    schedules = reports.app.schedules
    for act in (schedules.get, schedules.edit, schedules.pause, schedules.resume, schedules.trigger, schedules.delete):
        with pytest.raises(ScheduleNotFoundError):
            await act("daily")


async def test_a_pause_drops_the_ticks_that_fall_into_it(reports: Bench, clock: VirtualClock, connection):
    schedules = reports.app.schedules
    await schedules.create("hourly", "report", 3, cron="0 * * * *", catch_up="all")
    paused = await schedules.pause("hourly", by="ada")
    assert (paused.is_paused, paused.paused_by, paused.next_at) == (True, "ada", None)
    assert await schedules.pause("hourly", by="bob") == paused
    clock.advance(5.5 * HOUR)
    await turn(reports)
    resumed = await schedules.resume("hourly")
    assert (resumed.is_paused, resumed.next_at) == (False, NOON + 6 * HOUR)
    assert await schedules.resume("hourly") == resumed == await schedules.get("hourly")
    clock.advance(HOUR)
    await turn(reports)
    assert await fired_at(connection) == [NOON + 6 * HOUR]


async def test_a_pause_of_a_declared_schedule_outlives_the_worker(reports: Bench, clock: VirtualClock, connection):
    reports.app.schedule("hourly", "report", 3, cron="0 * * * *")
    await turn(reports)
    await reports.app.schedules.pause("hourly")
    clock.advance(2 * HOUR)
    await turn(reports)
    assert (await reports.app.schedules.get("hourly")).is_paused
    assert await fired(connection) == []


async def test_a_trigger_runs_the_job_now_and_leaves_the_ticks(reports: Bench, clock: VirtualClock, connection):
    schedules = reports.app.schedules
    await schedules.create("hourly", "report", 3, cron="0 * * * *")
    await schedules.pause("hourly")
    enqueued = await schedules.trigger("hourly", by="ada")
    [tick] = await fired(connection)
    assert (tick.schedule, tick.at, tick.triggered_by) == ("hourly", NOON, "ada")
    job = await reports.show(enqueued)
    assert (job.args, job.queue, job.actor, job.run_at) == (3, "reports", "ada", NOON)
    after = await schedules.get("hourly")
    assert (after.last_at, after.last_job_id, after.is_paused) == (None, enqueued.id, True)


async def test_an_edit_changes_what_is_given(reports: Bench, clock: VirtualClock, connection):
    schedules = reports.app.schedules
    before = await schedules.create("hourly", "report", 3, cron="0 * * * *", timezone="Europe/Berlin")
    with bind(actor="ada"):
        edited = await schedules.edit("hourly", args=9, priority="low")
    assert edited == await schedules.get("hourly")
    assert (edited.args, edited.priority, edited.edited_by, edited.cron) == (9, "low", "ada", before.cron)
    assert edited.next_at == before.next_at
    clock.advance(timedelta(minutes=30))
    edited = await schedules.edit("hourly", every=timedelta(minutes=20))
    assert (edited.cron, edited.next_at) == (None, clock.now() + timedelta(minutes=20))
    edited = await schedules.edit("hourly", cron="45 * * * *")
    assert (edited.every, edited.timezone, edited.next_at) == (None, "Europe/Berlin", NOON + timedelta(minutes=45))
    clock.advance(timedelta(minutes=15))
    await turn(reports)
    job = await reports.show(await connection.fetchval("SELECT id FROM headrace.job"))
    assert (job.args, job.priority) == (9, "low")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"args": "nine"}, InvalidArgsError),
        ({"kind": "rport"}, UnknownKindError),
        ({"cron": "x"}, ConfigurationError),
        ({"cron": "0 * * * *", "every": HOUR}, ConfigurationError),
        ({"timezone": "Mars/Olympus"}, ConfigurationError),
        ({"catch_up_limit": 0}, ConfigurationError),
        ({"max_attempts": 0}, ConfigurationError),
        ({"cron": ""}, ConfigurationError),
        ({"every": timedelta(0)}, ConfigurationError),
        ({"every": 60}, ConfigurationError),
        ({"timezone": ""}, ConfigurationError),
        ({"queue": ""}, ConfigurationError),
        ({"catch_up": ""}, ConfigurationError),
        ({"kind": ""}, UnknownKindError),
    ],
)
async def test_an_edit_that_cannot_run_changes_nothing(reports: Bench, options: dict, error: type):
    before = await reports.app.schedules.create("hourly", "report", 3, cron="0 * * * *")
    with pytest.raises(error):
        await reports.app.schedules.edit("hourly", **options)
    assert await reports.app.schedules.get("hourly") == before


async def test_an_edit_mends_a_schedule_that_could_not_be_read(reports: Bench, clock: VirtualClock, connection):
    schedules = reports.app.schedules
    await schedules.create("hourly", "report", 3, cron="0 * * * *")
    await connection.execute("UPDATE headrace.schedule SET timezone = 'Mars/Olympus'")
    clock.advance(HOUR)
    await turn(reports)
    assert "Mars/Olympus" in str((await schedules.get("hourly")).disabled_because)
    mended = await schedules.edit("hourly", timezone="UTC")
    assert (mended.disabled_because, mended.next_at) == (None, clock.now() + HOUR)
    clock.advance(HOUR)
    await turn(reports)
    assert await connection.fetchval("SELECT count(*) FROM headrace.job") == 1


async def test_an_edit_does_not_enable_what_the_code_disabled(reports: Bench, clock: VirtualClock):
    reports.app.schedule("off", "report", 3, cron="0 * * * *", enabled=False)
    await turn(reports)
    edited = await reports.app.schedules.edit("off", cron="30 * * * *")
    assert (edited.disabled_because, edited.next_at) == ("declared with enabled=False", None)


async def test_a_tick_that_was_fired_does_not_come_again_when_the_clock_is_set_back(
    reports: Bench, clock: VirtualClock, connection
):
    schedules = reports.app.schedules
    await schedules.create("hourly", "report", 3, cron="0 * * * *")
    clock.advance(HOUR)
    await turn(reports)
    clock._moment -= timedelta(minutes=30)  # set back, which VirtualClock itself refuses
    await schedules.edit("hourly", cron="0,1 * * * *")
    edited = await schedules.edit("hourly", cron="0 * * * *")
    assert edited.next_at == NOON + 2 * HOUR


async def test_a_deleted_schedule_is_gone_and_its_jobs_stay(reports: Bench, connection):
    schedules = reports.app.schedules
    await schedules.create("hourly", "report", 3, cron="0 * * * *")
    enqueued = await schedules.trigger("hourly")
    await schedules.delete("hourly")
    assert await schedules.all() == []
    assert (await reports.show(enqueued)).ended_at is None


async def test_a_schedule_that_code_declares_is_deleted_there(reports: Bench):
    reports.app.schedule("hourly", "report", 3, cron="0 * * * *")
    await turn(reports)
    with pytest.raises(ConfigurationError, match="declared in the code"):
        await reports.app.schedules.delete("hourly")
    reports.app.schedules._declared.clear()
    await turn(reports)
    await reports.app.schedules.delete("hourly")
    assert await reports.app.schedules.all() == []


async def test_a_running_worker_hears_of_a_new_schedule_at_once(bench: Bench, connection):
    @bench.app.job("report")
    async def report(job: Job) -> None: ...

    async with bench.working():
        # The scheduler rests for ten seconds, and the test would give up before.
        await eventually(lambda: connection.fetchval(LEADS))
        await bench.app.schedules.create("often", "report", every=timedelta(seconds=1))
        await eventually(lambda: connection.fetchval("SELECT count(*) >= 2 FROM headrace.outcome"), 9)
