"""A fold in Python that writes its tables itself, batch by batch."""

from collections.abc import Awaitable, Callable, Sequence

from headrace.db.connection import Connection, Row
from headrace.events.event import StoredEvent
from headrace.events.schema import EventRegistry
from headrace.events.sealing import opened_events
from headrace.events.subscription import Subscription
from headrace.projections.declaration import BoundFold

FoldFunction = Callable[[Sequence[StoredEvent], Connection], Awaitable[object]]


class PythonFold:
    """Calls `function(events, connection)` with events in order.

    The connection is in the transaction of the checkpoint and finds the build's tables by their plain names. A fold
    writes those and nothing else: a rebuild calls it again for every event.
    """

    def __init__(self, ddl: str, function: FoldFunction) -> None:
        self.meets_clear = True
        self.ddl = ddl
        self._function = function

    def bind(self, registry: EventRegistry, subscription: Subscription) -> BoundFold:
        """The fold of events of the classes in a registry."""
        del subscription

        async def apply_rows(connection: Connection, rows: Sequence[Row]) -> None:
            await self._function(list(await opened_events(connection, registry, rows)), connection)

        return BoundFold(apply_rows)
