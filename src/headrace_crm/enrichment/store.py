"""Reads and writes what sources said about one contact, which the caller has locked where it writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from headrace import Connection, Row, statement
from headrace_crm.enrichment.freshness import Standing, State
from headrace_crm.enrichment.merge import MergedField, PositionChange, Statement
from headrace_crm.enrichment.profile import Asked, Claim, Field, Source, content_hash
from headrace_crm.enrichment.received import Received, decode_received, encode_received

_PACKAGE: Final = "headrace_crm.enrichment"

_claims: Final = msgspec.json.Decoder(dict[Field, Claim])
_fields: Final = msgspec.json.Decoder(dict[Field, MergedField])


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What a source said last. `claims` are those it made at `fetched_at`, which may be before `state` came."""

    source: Source
    standing: Standing
    claims: Mapping[Field, Claim]
    content_hash: str
    token: str | None
    tries: int
    fetched_at: datetime | None
    detail: str | None
    received: Received | None
    """What it answered to the question that is open, if that is not merged yet."""

    @property
    def is_open(self) -> bool:
        """True while what the source was asked is not answered, or its answer not merged."""
        return self.standing.state in {"asked", "pending"}


class EnrichmentStore:
    """The answers, handles and profile of one contact, on one connection."""

    def __init__(self, connection: Connection, contact_id: UUID) -> None:
        self._connection = connection
        self._contact_id = contact_id

    async def answers(self) -> dict[Source, StoredAnswer]:
        """Every source's last answer."""
        rows = await self._connection.fetch(statement(_PACKAGE, "answers_of"), self._contact_id)
        return {row["source"]: _answer(row) for row in rows}

    async def open_answer(self, source: Asked) -> StoredAnswer | None:
        """The answer of a source to the question that is open about the contact; None where none is."""
        answer = (await self.answers()).get(source)
        return answer if answer is not None and answer.is_open else None

    async def statements(self) -> list[Statement]:
        """What every source has claimed, to be merged."""
        return [
            Statement(each.source, each.claims, each.fetched_at)
            for each in (await self.answers()).values()
            if each.fetched_at is not None
        ]

    async def mark_asked(
        self, source: Asked, asked_for: str, *, token: str | None, now: datetime, due_at: datetime
    ) -> None:
        """Notes that a source is about to be asked; what it said before stays until it answers."""
        await self._connection.execute(
            statement(_PACKAGE, "mark_asked"), self._contact_id, source, asked_for, token, now, due_at
        )

    async def keep_answer(self, source: Asked, asked_for: str, received: Received) -> None:
        """Keeps an answer until it is merged, if it is to the question that is open; the contact need not be locked."""
        await self._connection.execute(
            statement(_PACKAGE, "keep_answer"), self._contact_id, source, asked_for, encode_received(received)
        )

    async def mark_pending(self, source: Asked, asked_for: str, received: Received, *, due_at: datetime) -> int | None:
        """Notes that a source is looking, and returns how often it said so since it was asked.

        None where the question is not open any more. The contact need not be locked.
        """
        return await self._connection.fetchval(
            statement(_PACKAGE, "mark_pending"), self._contact_id, source, asked_for, encode_received(received), due_at
        )

    async def mark_refused(self, source: Asked, *, detail: str, due_at: datetime) -> None:
        """Notes that a source would not answer; what it said before stays."""
        await self._connection.execute(statement(_PACKAGE, "mark_refused"), self._contact_id, source, detail, due_at)

    async def write_claims(
        self,
        source: Source,
        state: State,
        claims: Mapping[Field, Claim],
        *,
        asked_for: str,
        now: datetime,
        due_at: datetime | None,
    ) -> bool:
        """Stores an answer in place of the one before; True where its content is another."""
        return await self._connection.fetchval(
            statement(_PACKAGE, "write_claims"),
            self._contact_id,
            source,
            state,
            asked_for,
            msgspec.json.encode(claims).decode(),
            content_hash(claims),
            now,
            due_at,
        )

    async def profile(self) -> dict[Field, MergedField]:
        """The merged fields; none for a contact nobody said anything about."""
        text = await self._connection.fetchval(statement(_PACKAGE, "profile_of"), self._contact_id)
        return _fields.decode(text) if text is not None else {}

    async def write_profile(
        self, owner_id: UUID, fields: Mapping[Field, MergedField], digest: str, *, now: datetime
    ) -> None:
        """Stores the merged fields in place of those before."""
        await self._connection.execute(
            statement(_PACKAGE, "write_profile"),
            self._contact_id,
            owner_id,
            msgspec.json.encode(fields).decode(),
            digest,
            now,
        )

    async def note_changes(self, changes: Sequence[PositionChange], *, now: datetime) -> None:
        """Keeps what was known before and what is now, for those who ask what has changed."""
        await self._connection.execute(
            statement(_PACKAGE, "note_changes"),
            self._contact_id,
            [each.field for each in changes],
            [each.old for each in changes],
            [each.new for each in changes],
            [each.source for each in changes],
            [each.evidence for each in changes],
            now,
        )


async def contact_of_token(connection: Connection, token: str) -> UUID | None:
    """The contact whose answer a webhook with this token brings; None for a token that is used up or unknown."""
    return await connection.fetchval(statement(_PACKAGE, "contact_of_token"), token)


async def forget(connection: Connection, contact_id: UUID) -> None:
    """Removes everything enrichment knows of a contact, for its erasure.

    What it cost stays, without a name. Answers under way find nothing to be written to.
    """
    await connection.execute(statement(_PACKAGE, "forget_contact"), contact_id)


def _answer(row: Row) -> StoredAnswer:
    return StoredAnswer(
        row["source"],
        Standing(row["state"], row["asked_for"], row["due_at"]),
        _claims.decode(row["claims"]),
        row["content_hash"],
        row["token"],
        row["tries"],
        row["fetched_at"],
        row["detail"],
        None if row["received"] is None else decode_received(row["received"]),
    )
