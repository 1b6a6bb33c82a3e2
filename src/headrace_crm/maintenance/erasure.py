"""An erasure: asked for, under way, and done, with the proof of it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from headrace import Connection, Enqueued, Headrace, Row, Unique, statement, uuid7
from headrace_crm.errors import CrmError
from headrace_crm.mail.keeping_out import erasure_key, mark_erased
from headrace_crm.maintenance.person import find_whom

ERASE_KIND: Final = "erase-person"
KEY_BYTES: Final = 32

Stage: TypeAlias = Literal["asked", "chosen", "done"]

_PACKAGE: Final = "headrace_crm.maintenance"


class ErasePerson(msgspec.Struct, frozen=True):
    """Args of `erase-person`: which erasure; whom it is of, its row says while it has to."""

    erasure_id: UUID


class ErasureNotFoundError(CrmError):
    """No erasure has this id."""

    def __init__(self, erasure_id: UUID) -> None:
        super().__init__(f"there is no erasure {erasure_id}; `crm erasures` lists them")
        self.erasure_id = erasure_id


@dataclass(frozen=True, slots=True)
class Erasure:
    """`addresses`, `names` and their single `words` are known until it is done.

    Then `counts` prove what was removed and changed, and tell what may still name the person.
    """

    id: UUID
    stage: Stage
    addresses: tuple[str, ...]
    names: tuple[str, ...]
    words: tuple[str, ...]
    contact_ids: tuple[UUID, ...]
    counts: Mapping[str, int]
    requested_by: str
    reason: str | None
    requested_at: datetime
    completed_at: datetime | None


async def ask_erasure(app: Headrace, text: str, *, by: str, reason: str | None = None) -> tuple[UUID, Enqueued]:
    """Has the person of an address erased by a job; the erasure's id, and the job.

    From the commit on no mail that is stored brings the person back. Asking again for somebody who is erased
    does no harm. Raises what `find_whom` raises.
    """
    erasure_id = uuid7()
    async with app.transaction() as tx:
        # Whoever stores mail holds the owner's lock: what they store is found by the erasure, or they find the digests.
        await tx.fetch(statement(_PACKAGE, "lock_everybody"))
        whom = await find_whom(tx.connection, text)
        await tx.execute(statement(_PACKAGE, "insert_key"), secrets.token_bytes(KEY_BYTES))
        key = await erasure_key(tx.connection)
        assert key is not None  # noqa: S101 - made by the statement before
        await tx.execute(
            statement(_PACKAGE, "insert_erasure"),
            erasure_id,
            whom.addresses,
            whom.names,
            whom.contact_ids,
            by,
            reason,
            app.clock.now(),
            whom.words,
        )
        await mark_erased(tx.connection, key, whom.addresses)
        job = await tx.enqueue(ERASE_KIND, ErasePerson(erasure_id), unique=Unique(str(erasure_id)))
    return erasure_id, job


async def read_erasure(connection: Connection, erasure_id: UUID) -> Erasure:
    """One erasure. Raises ErasureNotFoundError."""
    row = await connection.fetchrow(statement(_PACKAGE, "get_erasure"), erasure_id)
    if row is None:
        raise ErasureNotFoundError(erasure_id)
    return _read(row)


async def list_erasures(connection: Connection, *, limit: int = 50) -> list[Erasure]:
    """The erasures there were, the newest first."""
    return [_read(row) for row in await connection.fetch(statement(_PACKAGE, "list_erasures"), limit)]


def _read(row: Row) -> Erasure:
    return Erasure(
        id=row["id"],
        stage=row["stage"],
        addresses=tuple(row["addresses"] or ()),
        names=tuple(row["names"] or ()),
        words=tuple(row["words"] or ()),
        contact_ids=tuple(row["contact_ids"]),
        counts=msgspec.json.decode(row["counts"], type=dict[str, int]),
        requested_by=row["requested_by"],
        reason=row["reason"],
        requested_at=row["requested_at"],
        completed_at=row["completed_at"],
    )
