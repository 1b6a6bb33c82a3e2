"""Where among the keys the next claim begins, and how long to rest where nothing may go."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from headrace import Priority
from headrace.jobs.cursor import ClaimCursor, Place
from headrace.jobs.key_cursor import KeyCursor, KeyPlan

PLACE = (datetime(2031, 5, 1, tzinfo=UTC), UUID(int=1))
NORMAL = ("q", Priority.NORMAL)


def plan(cursor: KeyCursor, now: float = 0.0, limit: int = 16) -> KeyPlan:
    return cursor.plan(ClaimCursor(["q"]).plan(limit, is_sweep=False), limit, now=now)


def met(keys: int = 1, last: str = "k:1", **changes: Any) -> dict[str, Any]:
    one = {
        "number": 1,
        "keys": keys,
        "last": last,
        "is_round": False,
        "is_busy": False,
        "is_blocked": False,
        "rest": None,
    }
    return {"keyed": [{**one, **changes}] if keys else None, "queues": None, "seconds": changes.get("seconds", 0.0)}


def note(cursor: KeyCursor, of: KeyPlan, *keys: str, now: float = 0.0, is_full: bool = False, **told: Any) -> None:
    cursor.note(of, [row(key) for key in keys], met(**told), is_full=is_full, now=now)


def row(key: str, place: Place = PLACE) -> dict[str, Any]:
    return {"queue": "q", "priority": 2, "limit_key": key, "run_at": place[0], "job_id": place[1]}


def seen() -> KeyCursor:
    cursor = KeyCursor()
    assert cursor.learn([NORMAL], frozenset())
    return cursor


def test_nothing_is_looked_at_until_something_is_seen():
    cursor = KeyCursor()
    assert not cursor.is_needed
    assert plan(cursor).ranges == ()
    assert cursor.learn([NORMAL], frozenset())
    assert not cursor.learn([NORMAL], frozenset())
    assert cursor.is_needed
    assert [(one.queue, one.priority) for one in plan(cursor).ranges] == [NORMAL]


def test_a_queue_of_a_kind_with_a_limit_is_looked_at_from_the_start_and_stays():
    cursor = KeyCursor(["q"])
    found = plan(cursor)
    assert [one.priority for one in found.ranges] == list(Priority)
    note(cursor, found, keys=0)
    assert len(plan(cursor).ranges) == 4


def test_a_range_seen_once_is_left_when_it_is_empty():
    cursor = seen()
    note(cursor, plan(cursor), keys=0)
    assert not cursor.is_needed


def test_jobs_with_keys_and_those_without_take_turns_at_being_first():
    cursor = seen()
    ranges = ClaimCursor(["q"], ageing=None).plan(16, is_sweep=False)
    of_plain = 2 * (1 + [one.priority for one in ranges].index(Priority.NORMAL))
    ranks = {cursor.plan(ranges, 16, now=0.0).ranges[0].rank for _ in range(2)}
    assert ranks == {of_plain - 1, of_plain + 1}


def test_the_next_claim_begins_after_the_last_key_that_got_something():
    cursor = seen()
    note(cursor, plan(cursor), "k:1", "k:2", is_full=True, keys=16, last="k:9")
    assert plan(cursor).ranges[0].start == "k:2"
    # In the circle that begins after k:2, k:1 comes last.
    note(cursor, plan(cursor), "k:8", "k:1", is_full=True, keys=16, last="k:2", is_round=True)
    assert plan(cursor).ranges[0].start == "k:1"


def test_a_claim_that_got_nothing_goes_on_behind_what_it_met_and_looks_at_more():
    cursor = seen()
    first = plan(cursor)
    note(cursor, first, keys=first.width, last="k:5")
    second = plan(cursor)
    assert second.ranges[0].start == "k:5"
    assert second.width == 4 * first.width
    assert cursor.rest(now=0.0) == 0.0, "there is more to look at"


def test_a_claim_walks_a_quarter_of_the_keys_there_are():
    """So a circle closes in four claims, and a job of a single key does not wait for long."""
    cursor = seen()
    keys = [f"k:{number:03}" for number in range(400)]
    for _ in range(60):
        one = plan(cursor)
        start = one.ranges[0].start
        circle = [key for key in keys if key > start] + [key for key in keys if key <= start]
        walked = circle[: one.width]
        is_round = bool(start) and walked[-1] <= start
        note(cursor, one, *walked, is_full=True, keys=len(walked), last=walked[-1], is_round=is_round)
    assert 80 <= plan(cursor).width <= 120


def test_it_rests_when_the_circle_is_closed_until_the_first_of_all_moments_in_it():
    cursor = seen()
    first = plan(cursor)
    note(cursor, first, keys=first.width, last="k:5", rest=3.0)
    note(cursor, plan(cursor, now=1.0), now=1.0, keys=2, last="k:7", rest=7.0, is_blocked=True)
    assert cursor.is_blocked
    assert cursor.rest(now=1.0) == 0.2, "somebody else may give a slot back"
    note(cursor, plan(cursor, now=1.0), now=1.0, keys=2, last="k:7", rest=7.0)
    assert not cursor.is_blocked
    assert cursor.rest(now=3.0) == 5.0
    note(cursor, plan(cursor, now=3.0), now=3.0, keys=2, last="k:7")
    assert cursor.rest(now=3.0) is None, "nothing will come by itself"


def test_a_key_held_by_another_claim_is_tried_again_within_milliseconds():
    cursor = seen()
    note(cursor, plan(cursor), is_busy=True)
    assert cursor.rest(now=0.0) == 0.002


def test_dear_walks_are_rationed_and_claims_between_them_go_to_the_keys_known():
    cursor = seen()
    note(cursor, plan(cursor), "k:1", "k:2", now=10.0, is_full=True, keys=2, last="k:2", seconds=0.1)
    between = plan(cursor, now=11.9)
    assert [(number, key) for number, key, _ in between.known] == [(1, "k:1"), (1, "k:2")]
    assert plan(cursor, now=12.1).known == ()


def test_a_known_key_that_gives_nothing_is_forgotten_and_one_that_gives_keeps_its_last_place():
    cursor = seen()
    note(cursor, plan(cursor), "k:1", "k:2", now=0.0, is_full=True, keys=2, last="k:2", seconds=0.1)
    later = (PLACE[0], UUID(int=9))
    cursor.note(plan(cursor, now=1.0), [row("k:2", later)], met(2), is_full=True, now=1.0)
    assert plan(cursor, now=1.0).known == ((1, "k:2", later),)
    cursor.note(plan(cursor, now=1.0), [], met(1), is_full=False, now=1.0)
    assert plan(cursor, now=1.0).ranges == (), "nothing is known, and to walk is too dear yet"
    assert cursor.rest(now=1.0) == 1.0


def test_a_limited_queue_is_rested_for_as_its_note_says_and_forgotten_with_its_rule():
    cursor = KeyCursor()
    assert cursor.learn([], frozenset("q"))
    told = {"queue": "q", "is_busy": False, "is_blocked": True, "rest": None}
    cursor.note(plan(cursor), [], {"keyed": None, "queues": [told], "seconds": None}, is_full=False, now=0.0)
    assert cursor.is_blocked
    assert cursor.rest(now=0.0) == 0.2
    assert not cursor.learn([], frozenset())
    assert not cursor.is_needed
    assert not cursor.is_blocked
