import asyncio
from typing import cast

import pytest

from headrace.events.live.event import LiveEvent
from headrace.events.live.filter import EVERYTHING
from headrace.events.live.recent import Recent
from headrace.events.live.viewer import Viewer


class At:
    """An event of which only the position matters."""

    def __init__(self, position: int) -> None:
        self.position = position


def at(*positions: int) -> list[LiveEvent]:
    return [cast("LiveEvent", At(position)) for position in positions]


def positions(events: list[LiveEvent]) -> list[int]:
    return [event.position for event in events]


def test_what_it_has_had_already_is_not_given_again():
    viewer = Viewer(EVERYTHING, after=5, buffer=10)
    assert viewer.offer(at(4, 5, 6))
    assert viewer.offer(at(6))
    assert positions(viewer.take()) == [6]


def test_its_position_is_that_of_the_last_event_taken_while_others_wait():
    viewer = Viewer(EVERYTHING, after=0, buffer=10)
    viewer.load(at(3, 7), through=9)
    assert viewer.position == 0
    assert positions(viewer.take(1)) == [3]
    assert viewer.position == 3
    assert positions(viewer.take(5)) == [7]
    assert viewer.position == 9


def test_its_position_moves_over_what_does_not_fit():
    viewer = Viewer(EVERYTHING, after=None, buffer=10)
    viewer.load((), through=9)
    assert viewer.position == 9


def test_one_that_has_taken_all_takes_any_batch_and_one_that_has_not_no_more_than_its_buffer():
    viewer = Viewer(EVERYTHING, after=0, buffer=3)
    assert viewer.offer(at(1, 2, 3, 4))
    assert not viewer.offer(at(5))
    viewer.take(2)
    assert viewer.offer(at(5))
    assert positions(viewer.take()) == [3, 4, 5]


def test_what_waits_is_forgotten_at_the_end_and_the_first_reason_stays():
    viewer = Viewer(EVERYTHING, after=0, buffer=3)
    viewer.offer(at(1, 2))
    viewer.take(1)
    viewer.finish("slow")
    viewer.finish("closed")
    assert (viewer.end, viewer.take(), viewer.position) == ("slow", [], 1)


@pytest.mark.parametrize("act", [lambda one: one.offer(at(1)), lambda one: one.finish("closed"), Viewer.wake])
async def test_its_wait_ends_by_an_event_by_its_end_or_when_it_is_woken(act):
    viewer = Viewer(EVERYTHING, after=0, buffer=3)
    waiting = asyncio.create_task(viewer.wait(60))
    await asyncio.sleep(0)
    act(viewer)
    assert await waiting


async def test_its_wait_ends_when_the_time_has_gone_by():
    assert not await Viewer(EVERYTHING, after=0, buffer=3).wait(0.01)


def test_the_newest_events_are_remembered_and_from_where_on_none_is_missing():
    recent = Recent(most=3)
    recent.begin(10)
    recent.add(at(11, 14, 15))
    wanted = EVERYTHING
    assert recent.reaches(10)
    assert not recent.reaches(9)

    class All:
        def fits(self, _event: LiveEvent) -> bool:
            return True

    assert positions(recent.after(11, All())) == [14, 15]
    recent.add(at(20))
    assert recent.reaches(11)
    assert not recent.reaches(10)
    recent.begin(30)
    assert recent.after(0, wanted) == []
