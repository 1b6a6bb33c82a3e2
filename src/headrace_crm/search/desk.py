"""Where questions come in: searches and answers for whoever asks, and tells of each by an event."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

from headrace import Headrace, bind, uuid7
from headrace_crm.errors import CrmError
from headrace_crm.mail.charset import clean_text
from headrace_crm.mail.owners import find_owners
from headrace_crm.search.embedder import Embedder
from headrace_crm.search.events import QueryExecuted
from headrace_crm.search.passage import Kind
from headrace_crm.search.people import people_named
from headrace_crm.search.searching import Found, SearchFilter, all_owners, search

Channel: TypeAlias = Literal["cli", "mcp", "web"]

FOUND_KINDS: Final[tuple[Kind, ...]] = ("message", "contact")


class PersonNotFoundError(CrmError):
    """Nobody is called so; the message says what was looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. `owners` are addresses, none for all; `person` an address, a name, or a part of one.

    `since` is included, `before` is not.
    """

    text: str
    owners: tuple[str, ...] = ()
    person: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    kinds: tuple[Kind, ...] = FOUND_KINDS
    limit: int = 10

    def __post_init__(self) -> None:
        # What a shell or an assistant passes on may hold what no database stores.
        object.__setattr__(self, "text", clean_text(self.text))


class Desk:
    """Answers questions through one channel, on an open app."""

    def __init__(
        self, app: Headrace, *, channel: Channel, embedder: Embedder | None, language: str, word_weight: float
    ) -> None:
        self._app = app
        self._channel: Channel = channel
        self._embedder = embedder
        self._language = language
        self._word_weight = word_weight

    async def search(self, asked: Question) -> Found:
        """What fits a query best. Raises OwnerError, and PersonNotFoundError for a person nobody fits."""
        async with self._app.pool.acquire() as connection:
            owners = await find_owners(connection, asked.owners) if asked.owners else await all_owners(connection)
            contact_ids = None
            if asked.person is not None:
                contact_ids = await people_named(connection, asked.person, owners)
                if not contact_ids:
                    raise PersonNotFoundError(f"nobody is called {asked.person!r}; `crm contacts` lists everybody")
            found = await search(
                connection,
                asked.text,
                embedder=self._embedder,
                language=self._language,
                word_weight=self._word_weight,
                where=SearchFilter(
                    owner_ids=tuple(owners),
                    since=asked.since,
                    before=asked.before,
                    contact_ids=contact_ids,
                    kinds=asked.kinds,
                ),
                limit=asked.limit,
            )
        await self.record("search", asked.text, owners, answered_by=found.by, found_count=len(found.hits))
        return found

    async def record(
        self, tool: str, text: str, owner_ids: Iterable[UUID], *, answered_by: str, found_count: int
    ) -> UUID:
        """Appends `ai.query_executed`, in the name of the owner where it is one; returns the query's id."""
        query_id, owners = uuid7(), set(owner_ids)
        only = next(iter(owners)) if len(owners) == 1 else None
        with bind(user_id=None if only is None else str(only)):
            await self._app.append(QueryExecuted(query_id, only, tool, self._channel, text, answered_by, found_count))
        return query_id
