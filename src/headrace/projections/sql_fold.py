"""A fold in SQL: statements over a batch of events, run where the events are."""

import re
from collections.abc import Sequence

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.errors import ConfigurationError
from headrace.events.checkpoint import HeldLane
from headrace.events.event_class import unwanted_class
from headrace.events.schema import EventRegistry
from headrace.events.subscription import Subscription, type_list
from headrace.projections.declaration import BoundFold

_PACKAGE = "headrace.projections"
_WITH = re.compile(r"\s*WITH\s+(RECURSIVE\s+)?", re.IGNORECASE)


class SqlFold:
    """Statements that read the relation `batch`: the events, in the columns of `headrace.event`.

    They run one after the other, each once for a whole batch, so what they come to must not depend on how the log is
    cut into batches. `batch` is a common table expression; the planner looks through it.
    """

    def __init__(self, ddl: str, statements: Sequence[str]) -> None:
        if not statements:
            raise ConfigurationError("a fold in SQL needs at least one statement; write it over FROM batch")
        self.meets_clear = False
        self.ddl = ddl
        self._statements = tuple(with_batch(one) for one in statements)

    def bind(self, registry: EventRegistry, subscription: Subscription) -> BoundFold:
        """The fold of a subscription's events; types and versions are the statement's own matter."""
        del registry
        types = type_list(subscription)
        passed = unwanted_class(types)

        async def apply_rows(connection: Connection, rows: Sequence[Row]) -> None:
            positions = [row[0] for row in rows]
            for each in self._statements:
                await connection.execute(each, positions[0] - 1, positions[-1], None, 1, 0, positions, passed)

        async def apply_span(connection: Connection, held: HeldLane, until: int) -> int:
            span = held.position, until, types, held.lane_count, held.lane, None, passed
            event_count = await connection.fetchval(statement(_PACKAGE, "batch"), *span)
            if event_count:
                for each in self._statements:
                    await connection.execute(each, *span)
            return int(event_count)

        return BoundFold(apply_rows, apply_span)


def with_batch(text: str) -> str:
    """A statement with the relation `batch` put before it, or before those it makes itself."""
    if ";" in text.rstrip().rstrip(";"):
        raise ConfigurationError(f"a fold's statement must be one, got {text!r}; give several as several arguments")
    head, _, _ = statement(_PACKAGE, "batch").rpartition("SELECT")
    own = _WITH.match(text)
    if own is None:
        return f"{head}{text}"
    if own[1]:
        head = head.replace("WITH batch", "WITH RECURSIVE batch", 1)
    return f"{head.rstrip()},\n{text[own.end() :]}"
