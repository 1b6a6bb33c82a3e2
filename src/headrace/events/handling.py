"""One call of a handler: timed, told of, and with whatever is put around it."""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta

from headrace.events.bus import Around, Handler
from headrace.events.event import StoredEvent
from headrace.telemetry import Telemetry


@contextmanager
def handling(
    handler: Handler, events: Sequence[StoredEvent], *, around: Around | None, telemetry: Telemetry
) -> Generator[None]:
    """For the block in which a handler is called with these events; what it raises passes through."""
    began, outcome = time.perf_counter(), "raised"
    try:
        with nullcontext() if around is None else around(handler, events):
            yield
        outcome = "completed"
    finally:
        telemetry.emit(
            "event.handled",
            handler=handler.name,
            mode=handler.mode,
            event_count=len(events),
            outcome=outcome,
            duration=timedelta(seconds=time.perf_counter() - began),
        )
