"""Which version each event of a batch gets in its stream, and what the stream must be at before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from headrace.errors import WrongVersionError
from headrace.events.event import ANY, NewEvent


class StreamKey(NamedTuple):
    """A stream of a tenant; its order as a tuple is the order streams are locked in."""

    tenant_id: str
    aggregate_type: str
    aggregate_id: str

    def __str__(self) -> str:
        return f"{self.aggregate_type}/{self.aggregate_id}"


@dataclass(frozen=True, slots=True)
class StreamBump:
    """What a batch does to one stream: so many events on top of a version (ANY for whichever)."""

    key: StreamKey
    event_count: int
    expected: int


def stream_key(event: NewEvent) -> StreamKey | None:
    """The stream of an event, None outside one."""
    if event.stream is None:
        return None
    return StreamKey(event.tenant_id, event.stream.aggregate_type, event.stream.aggregate_id)


def stream_bumps(events: Sequence[NewEvent]) -> list[StreamBump]:
    """The streams of a batch in locking order.

    The events of one stream follow one another, so the k-th of them (from 0) with an expected version
    n says that the stream is at n - k before the batch. Raises WrongVersionError where two events of
    one stream cannot both be right.
    """
    counts: dict[StreamKey, int] = {}
    expected: dict[StreamKey, int] = {}
    for event in events:
        key = stream_key(event)
        if key is None:
            continue
        place = counts.get(key, 0)
        counts[key] = place + 1
        if event.expected == ANY:
            continue
        before = event.expected - place
        known = expected.setdefault(key, before)
        if before != known or before < 0:
            raise WrongVersionError(str(key), expected=event.expected, actual=max(known, 0) + place)
    return [StreamBump(key, counts[key], expected.get(key, ANY)) for key in sorted(counts)]
