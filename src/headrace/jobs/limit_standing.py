"""How the keys of limits stand, and what of them holds a waiting job back. To look at: nothing is locked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.jobs.reason import LimitFull

_PACKAGE = "headrace.jobs"
_MOST_HOLDERS = 20
_MOST_KEYS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStanding:
    """One key (`@name` for a queue): the slots held of those there are, the tokens left of those it can keep.

    None where it is not limited so.
    """

    key: str
    concurrency: int | None
    held: int
    burst: int | None
    tokens: float | None

    @property
    def is_full(self) -> bool:
        return self.concurrency is not None and self.held >= self.concurrency


@dataclass(frozen=True, slots=True)
class Holder:
    """A running job that holds a slot, and the number of its worker."""

    job_id: UUID
    worker_id: int | None


@dataclass(frozen=True, slots=True)
class LimitHold:
    """What one limit says to a waiting job.

    `is_holding` where it holds the job back by itself: no slot is free, or the tokens the job takes come
    only at `tokens_at`. Jobs of the same key that are due before it go first. `holders` are the running
    jobs with its slots, longest running first, twenty at most.
    """

    standing: KeyStanding
    tokens_at: datetime | None
    holders: tuple[Holder, ...]

    @property
    def is_holding(self) -> bool:
        return self.standing.is_full or self.tokens_at is not None


async def explain_limits(connection: Connection, job_id: UUID) -> list[LimitHold]:
    """What the limits of a waiting job's key and queue say to it; nothing for a job that has none, or does not wait."""
    rows = await connection.fetch(statement(_PACKAGE, "explain_limits"), job_id)
    held = await holders_of(connection, [row["key"] for row in rows])
    return [LimitHold(_standing(row), row["tokens_at"], held.get(row["key"], ())) for row in rows]


async def full_limits(connection: Connection, job_id: UUID) -> list[LimitFull]:
    """The limits that hold a waiting job back, and who holds their slots, for `headrace.jobs.explain`."""
    return [
        LimitFull(one.standing.key, _told(one)) for one in await explain_limits(connection, job_id) if one.is_holding
    ]


def _told(one: LimitHold) -> str:
    parts: list[str] = []
    if one.standing.is_full:
        who = ", ".join(f"job {holder.job_id} on worker {holder.worker_id}" for holder in one.holders)
        parts.append(
            f"{one.standing.held} of {one.standing.concurrency} slots are held" + (f", by {who}" if who else "")
        )
    if one.tokens_at is not None:
        parts.append(f"its tokens are there at {one.tokens_at:%Y-%m-%d %H:%M:%S %Z}")
    return "; ".join(parts)


async def holders_of(connection: Connection, keys: Sequence[str]) -> dict[str, tuple[Holder, ...]]:
    """The running jobs that hold slots of these keys, longest running first, twenty of each at most."""
    found: dict[str, tuple[Holder, ...]] = {}
    for row in await connection.fetch(statement(_PACKAGE, "find_holders"), keys, _MOST_HOLDERS):
        found[row["key"]] = (*found.get(row["key"], ()), Holder(row["job_id"], row["worker_id"]))
    return found


async def list_keys(connection: Connection, name: str, *, limit: int = _MOST_KEYS) -> list[KeyStanding]:
    """The keys last used of a limit, those that hold most first."""
    return [_standing(row) for row in await connection.fetch(statement(_PACKAGE, "list_limit_keys"), name, limit)]


def _standing(row: Row) -> KeyStanding:
    return KeyStanding(
        key=row["key"],
        concurrency=row["concurrency"],
        held=row["held"],
        burst=None if row["burst"] is None else int(row["burst"]),
        tokens=row["tokens"],
    )
