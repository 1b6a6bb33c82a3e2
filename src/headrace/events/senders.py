"""Where requests came from: kept beside the log, once for each correlation, and for a short time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from headrace.context import Sender
from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.events.event import NewEvent

_PACKAGE = "headrace.events"
_BATCH = 1000

LONGEST_ADDRESS = 100
LONGEST_AGENT = 500
"""What is longer is cut off: a header may say anything."""


async def keep_senders(connection: Connection, events: Sequence[NewEvent]) -> None:
    """Keeps the senders of events, in their transaction; of a correlation that has one, the first stays."""
    found: dict[UUID, Sender] = {}
    for event in events:
        if event.sender is not None:
            found.setdefault(event.correlation_id, event.sender)
    ids = sorted(found)
    await connection.execute(
        statement(_PACKAGE, "keep_senders"),
        ids,
        [_kept(found[one].ip_address, LONGEST_ADDRESS) for one in ids],
        [_kept(found[one].user_agent, LONGEST_AGENT) for one in ids],
    )


async def find_sender(connection: Connection, correlation_id: UUID) -> Sender | None:
    """Where the request of a correlation came from; None where nobody said so, or it is forgotten.

    A request to the console or the HTTP API that changed something is found by its record.
    """
    row = await connection.fetchrow(statement(_PACKAGE, "find_sender"), correlation_id)
    return None if row is None else Sender(*row)


async def forget_senders(connection: Connection, kept: timedelta, *, now: datetime | None = None) -> int:
    """Deletes the senders seen longer ago than `kept`, in batches, oldest first; how many."""
    total = 0
    while True:
        count = int(await connection.fetchval(statement(_PACKAGE, "forget_senders"), kept, _BATCH, now))
        total += count
        if count < _BATCH:
            return total


def _kept(text: str | None, most: int) -> str | None:
    return None if text is None else text.replace("\0", "")[:most] or None
