"""Looking at projections: which builds there are, how far each is, and how long a rebuild still takes. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.errors import ProjectionNotFoundError

_PACKAGE = "headrace.projections"


@dataclass(frozen=True, slots=True)
class BuildDetail:
    """One build. `position` is what all its lanes have passed, `head` the safe head of that moment.

    While it is filled `work_seconds` counts the time its batches took and `pace` has the governor's size and rest.
    `verdict` is what verifying it found, `last_error` why it could not be verified or shown just now.
    """

    projection: str
    build: int
    version: int
    state: str
    position: int | None
    head: int
    parked_streams: int
    paused_at: datetime | None
    pause_reason: str | None
    is_wanted: bool
    swaps_itself: bool
    view_schema: str
    tables: list[str]
    work_seconds: float
    elapsed_seconds: float
    pace: Any
    verdict: Any
    last_error: str | None
    began_at: datetime
    filled_at: datetime | None
    verified_at: datetime | None
    shown_at: datetime | None
    dropped_at: datetime | None

    @property
    def behind(self) -> int:
        """Positions between it and the head; 0 for one that is gone."""
        return 0 if self.position is None else max(0, self.head - self.position)

    @property
    def progress(self) -> float:
        """How much of the log it has passed, from 0 to 1."""
        return 1.0 if not self.head or self.position is None else min(1.0, self.position / self.head)

    @property
    def eta(self) -> timedelta | None:
        """How long filling still takes at the pace it had so far, rests included; None where nothing is filled."""
        if self.state != "filling" or not self.position or self.paused_at is not None or self.work_seconds <= 0:
            return None
        return timedelta(seconds=self.behind / self.position * max(self.work_seconds, self.elapsed_seconds))


async def list_details(connection: Connection, projection: str | None = None) -> list[BuildDetail]:
    """The builds of all projections, or of the one named. Raises ProjectionNotFoundError where it has none."""
    rows = await connection.fetch(statement(_PACKAGE, "list_details"), projection)
    if projection is not None and not rows:
        raise ProjectionNotFoundError(projection)
    found: list[BuildDetail] = []
    for row in rows:
        fields: dict[str, Any] = dict(row.items())
        for name in ("pace", "verdict"):
            fields[name] = None if fields[name] is None else msgspec.json.decode(fields[name])
        found.append(BuildDetail(**fields))
    return found
