"""The fence against a simulation in which every number drawn, committed or lost is known."""

from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.events.fence import Epoch, settle


def holders(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_a_position_nobody_holds_back_is_settled_at_once():
    assert settle([], newest=7, holders=holders()) == (7, ())


def test_a_position_waits_for_those_who_held_the_lock_when_it_was_seen():
    settled, waiting = settle([], newest=7, holders=holders("a", "b"))
    assert settled == 0
    settled, waiting = settle(waiting, newest=7, holders=holders("b"))
    assert settled == 0
    assert settle(waiting, newest=7, holders=holders("c")) == (7, ())


def test_writers_that_came_later_hold_nothing_back():
    _, waiting = settle([], newest=7, holders=holders("a"))
    settled, waiting = settle(waiting, newest=9, holders=holders("late"))
    assert settled == 7
    assert waiting == (Epoch(9, holders("late")),)


def test_a_writer_seen_without_the_lock_is_forgiven_when_it_takes_it_again():
    _, waiting = settle([], newest=7, holders=holders("a", "b"))
    _, waiting = settle(waiting, newest=7, holders=holders("b"))
    assert settle(waiting, newest=7, holders=holders("a")).position == 7


def test_one_long_transaction_leaves_one_epoch_however_many_writers_pass():
    waiting: tuple[Epoch, ...] = ()
    for turn in range(1000):
        settled, waiting = settle(waiting, newest=turn + 1, holders=holders("long", f"short {turn}"))
        assert settled == 0
        assert len(waiting) <= 2
    assert settle(waiting, newest=1000, holders=holders()).position == 1000


# A step: a writer begins, draws, commits, rolls back; or the leader looks at the log, or at the lock table.
_step = st.tuples(
    st.sampled_from(["draw", "draw", "commit", "rollback", "look", "look"]), st.integers(0, 4), st.booleans()
)


@given(st.lists(_step, min_size=40, max_size=120))
@settings(max_examples=300)
def test_no_number_appears_below_what_was_settled(steps):
    """Writers draw only while they hold the lock; between the leader's two looks anything may happen."""
    drawn = 0
    open_numbers: dict[int, list[int]] = {}
    visible: set[int] = set()
    generation = [0] * 5
    head = 0
    waiting: tuple[Epoch, ...] = ()
    seen: int | None = None
    for what, writer, second_look in steps:
        if what == "draw":
            drawn += 1
            open_numbers.setdefault(writer, []).append(drawn)
        elif what == "commit":
            numbers = open_numbers.pop(writer, [])
            assert all(number > head for number in numbers)
            visible.update(numbers)
            generation[writer] += 1
        elif what == "rollback":
            open_numbers.pop(writer, None)
            generation[writer] += 1
        elif seen is None or not second_look:
            seen = max(visible, default=0)
        else:
            now = frozenset(f"{one}/{generation[one]}" for one in open_numbers)
            settled, waiting = settle(waiting, newest=seen, holders=now)
            head = max(head, settled)
            seen = None
    now = frozenset()
    settled, _ = settle(waiting, newest=max(visible, default=0), holders=now)
    assert max(head, settled) >= max(visible, default=0)
