"""A fold says at once what would not work later, and tells when what was kept is no longer its own."""

from typing import Any
from uuid import uuid4

import msgspec
import pytest

from fix_events import NoteTaken
from fix_folds import Notes, add, fold_of
from headrace import StreamFold
from headrace.errors import ConfigurationError
from headrace.events.event import EventType, event_type


class Unlike(msgspec.Struct):
    mark: str = msgspec.field(default_factory=lambda: uuid4().hex)


class Needy(msgspec.Struct):
    name: str


class Loose(msgspec.Struct):
    held: Any = None


async def later(state, event): ...


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"version": 0}, "at least 1, got 0 and None"),
        ({"snapshot_every": 0}, "at least 1, got 1 and 0"),
        ({"function": later}, "plain function"),
        ({"state_type": Needy}, "needs a default for every field"),
        ({"state_type": Unlike}, "are not equal"),
        ({"state_type": int}, "cannot be stored"),
    ],
)
def test_a_fold_that_cannot_work_is_refused(wrong, message):
    with pytest.raises(ConfigurationError, match=message):
        fold_of(**wrong)


@pytest.mark.parametrize("name", ["", "x" * 201])
def test_names_are_short(name):
    with pytest.raises(ConfigurationError, match=f"got {len(name)}"):
        StreamFold(name, [event_type(NoteTaken)], Notes, add)


def test_what_is_kept_comes_back_as_it_was_or_is_refused():
    fold = fold_of(state_type=Loose)
    assert fold.decode(fold.encode(Loose([1, "two", None]))) == Loose([1, "two", None])
    for held in ((1, 2), {1: 2}, float("nan")):
        with pytest.raises(ConfigurationError, match="comes back from JSON as another one"):
            fold.encode(Loose(held))
    with pytest.raises(ConfigurationError, match="cannot be kept"):
        fold.encode(Loose(object()))
    assert fold_of().decode('{"count": "many"}') is None


def test_the_fingerprint_tells_other_fields_and_other_versions_of_events():
    class Longer(msgspec.Struct, frozen=True):
        count: int = 0
        texts: tuple[str, ...] = ()
        is_long: bool = False

    same = {fold_of().fingerprint, fold_of(version=2, snapshot_every=3).fingerprint}
    newer = StreamFold("notes", [EventType("note.taken", 2)], Notes, add)
    assert len(same) == 1
    assert len({*same, fold_of(state_type=Longer).fingerprint, newer.fingerprint}) == 3
