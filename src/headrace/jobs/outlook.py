"""What an idle worker looks at: when more is due, and what is limited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.jobs.job import Priority

_PACKAGE = "headrace.jobs"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to come in some queues.

    `rest` is how long until the next job without a key is due, None where none waits for later. `keyed`
    are the queues and priorities in which jobs with keys wait, `limited` the queues that are limited.
    """

    rest: timedelta | None
    keyed: frozenset[tuple[str, Priority]]
    limited: frozenset[str]


async def next_due(connection: Connection, queues: Sequence[str], *, now: datetime | None = None) -> Outlook:
    """What these queues hold for later, and what in them is limited."""
    row = await connection.fetchrow(statement(_PACKAGE, "next_due"), list(queues), now)
    assert row is not None  # noqa: S101 - it aggregates
    keyed = (one.rpartition(" ") for one in row["keyed"] or ())
    return Outlook(
        rest=row["rest"],
        keyed=frozenset((queue, Priority(int(priority))) for queue, _, priority in keyed),
        limited=frozenset(row["limited"] or ()),
    )
