"""How stored schedules follow what code declares."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from headrace.jobs.declaration import Declaration, new_schedule, reconcile
from headrace.jobs.schedule import Plan, Schedule

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=2, minutes=30)
HOURLY = Plan(
    kind="report",
    args={"size": 1},
    cron="0 * * * *",
    timezone="UTC",
    every=None,
    catch_up="last",
    catch_up_limit=100,
    queue="default",
    priority="normal",
    max_attempts=3,
)
DECLARED = Declaration("hourly", HOURLY)
STORED = new_schedule(DECLARED, app="shop", now=NOON)


def after(stored: Schedule, *declarations: Declaration, app: str = "shop") -> Schedule | None:
    """The schedule to be written, if any."""
    changes = reconcile(declarations, [stored], app=app, now=LATER)
    return changes[0].schedule if changes else None


def test_a_new_schedule_waits_for_its_next_tick():
    assert STORED.next_at == NOON + timedelta(hours=1)


def test_a_declaration_that_is_stored_changes_nothing():
    assert after(STORED, DECLARED) is None


def test_a_missed_tick_is_still_to_be_caught_up_after_the_args_changed():
    changed = after(STORED, Declaration("hourly", replace(HOURLY, args={"size": 2})))
    assert (changed.args, changed.next_at) == ({"size": 2}, STORED.next_at)


def test_other_times_begin_anew():
    changed = after(STORED, Declaration("hourly", replace(HOURLY, cron="15 * * * *")))
    assert changed.next_at == LATER + timedelta(minutes=45)
    changed = after(STORED, Declaration("hourly", replace(HOURLY, cron=None, every=timedelta(minutes=7))))
    assert (changed.anchor_at, changed.next_at) == (LATER, LATER + timedelta(minutes=7))


def test_a_pause_stays_through_another_declaration():
    paused = replace(STORED, is_paused=True, paused_by="ada", next_at=None)
    assert after(paused, DECLARED) is None
    changed = after(paused, Declaration("hourly", replace(HOURLY, cron="15 * * * *")))
    assert (changed.is_paused, changed.paused_by, changed.cron, changed.next_at) == (True, "ada", "15 * * * *", None)


def test_an_edit_stays_until_the_code_declares_something_else():
    edited = replace(STORED, cron="30 * * * *", edited_by="ada", edited_at=NOON)
    assert after(edited, DECLARED) is None
    changed = after(edited, Declaration("hourly", replace(HOURLY, max_attempts=5)))
    assert (changed.cron, changed.max_attempts, changed.edited_by) == ("0 * * * *", 5, None)


def test_what_is_no_longer_declared_is_disabled_once_and_may_come_back():
    gone = after(STORED)
    assert (gone.disabled_because, gone.next_at) == ("no longer declared by app 'shop'", None)
    assert after(gone) is None
    back = after(gone, DECLARED)
    assert (back.disabled_because, back.next_at) == (None, LATER + timedelta(minutes=30))


def test_what_is_declared_as_not_enabled_does_not_tick():
    off = after(STORED, Declaration("hourly", HOURLY, is_enabled=False))
    assert (off.disabled_because, off.next_at) == ("declared with enabled=False", None)
    assert after(off, Declaration("hourly", HOURLY, is_enabled=False)) is None
    assert after(off, DECLARED).next_at == LATER + timedelta(minutes=30)


def test_another_app_leaves_what_it_does_not_declare_and_takes_over_what_it_does():
    assert after(STORED, app="crm") is None
    [change] = reconcile([DECLARED], [STORED], app="crm", now=LATER)
    assert (change.schedule.app, change.action) == ("crm", "taken over")


def test_a_schedule_made_at_run_time_stays_unless_code_takes_its_name():
    made = replace(STORED, source="runtime", declaration=None)
    assert after(made) is None
    [change] = reconcile([DECLARED], [made], app="shop", now=LATER)
    assert (change.schedule.source, change.action) == ("code", "taken over")
