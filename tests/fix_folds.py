"""Folds of streams to test with: notes counted, with and without snapshots."""

from typing import Any

import msgspec

from fix_events import NoteTaken
from headrace import Stream, StreamFold
from headrace.events.event import event_type

NOTES = Stream("contact", "ada")


class Notes(msgspec.Struct, frozen=True):
    """What the notes of a stream come to."""

    count: int = 0
    texts: tuple[str, ...] = ()


def add(state: Notes, event: Any) -> Notes:
    return Notes(state.count + 1, (*state.texts, event.data.text)[-3:])


def fold_of(function: Any = add, state_type: type = Notes, **options: Any) -> StreamFold[Any]:
    """The fold `notes`, as a program declares it that has this function and this class."""
    return StreamFold("notes", [event_type(NoteTaken)], state_type, function, **options)
