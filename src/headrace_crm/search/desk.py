"""Where questions come in: searches and answers for whoever asks, and tells of each by an event."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from secrets import token_hex
from typing import Final, Literal, TypeAlias
from uuid import UUID

from headrace import Connection, Headrace, bind, uuid7
from headrace_crm.errors import CrmError
from headrace_crm.mail.charset import clean_text
from headrace_crm.mail.owners import find_owners, owner_as_of
from headrace_crm.search.answer import MOST_PASSAGES, Answer, cite, from_passages, people_of, prompt, read_reply
from headrace_crm.search.answers import keep_answer
from headrace_crm.search.embedder import Embedder
from headrace_crm.search.events import QueryExecuted
from headrace_crm.search.llm import Llm, LlmError
from headrace_crm.search.passage import Kind
from headrace_crm.search.people import people_asked_about, people_named
from headrace_crm.search.searching import Found, SearchFilter, all_owners, search
from headrace_crm.search.store import keep_question
from headrace_crm.search.when import read_period

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
        self,
        app: Headrace,
        *,
        channel: Channel,
        embedder: Embedder | None,
        llm: Llm | None = None,
        language: str,
        word_weight: float,
    ) -> None:
        self._app = app
        self._channel: Channel = channel
        self._embedder = embedder
        self._llm = llm
        self._language = language
        self._word_weight = word_weight

    async def search(self, asked: Question) -> Found:
        """What fits a query best. Raises OwnerError, and PersonNotFoundError for a person nobody fits."""
        async with self._app.pool.acquire() as connection:
            owners = await find_owners(connection, asked.owners) if asked.owners else await all_owners(connection)
            found = await self._find(connection, asked, owners)
        await self.record("search", asked.text, owners, answered_by=found.by, found_count=len(found.hits))
        return found

    async def ask(self, asked: Question) -> Answer:
        """An answer to a question, with the passages it rests on.

        The time and the people a question names restrict where the answer is looked for; what `asked` says
        itself comes first. Where nothing with these people fits, everybody's mail is looked through. A model
        that fails, refuses or says what it may not is stood in for by the passages, with a note. Raises what
        `search` raises.
        """
        async with self._app.pool.acquire() as connection:
            owners = await find_owners(connection, asked.owners) if asked.owners else await all_owners(connection)
            now = self._app.clock.now()
            if len(owners) == 1:
                now = await owner_as_of(connection, owners[0], now=now)
            timed = read_period(asked.text, now=now)
            about = () if asked.person is not None else await people_asked_about(connection, timed.text, owners)
            wanted = replace(
                asked,
                text=timed.text,
                since=asked.since or (timed.period.since if timed.period else None),
                before=asked.before or (timed.period.before if timed.period else None),
                limit=max(asked.limit, MOST_PASSAGES),
            )
            found = Found((), "nothing")
            if about:
                # Their messages only: a person whose name is asked for always fits, and answers nothing.
                found = await self._find(
                    connection,
                    replace(wanted, kinds=("message",)),
                    owners,
                    contact_ids=tuple(each.id for each in about),
                )
            if not found.hits:
                about, found = (), await self._find(connection, wanted, owners)
        text, cited, answered_by, note = await self._write(asked.text, found, now=now)
        answer = Answer(
            text,
            cite(cited, found.hits),
            people_of(found.hits),
            answered_by,
            note,
            wanted.since,
            wanted.before,
            tuple(each.name for each in about),
        )
        query_id = await self.record(
            "ask", asked.text, owners, answered_by=answered_by, found_count=len(found.hits), answer=answer
        )
        return replace(answer, query_id=query_id)

    async def _find(
        self,
        connection: Connection,
        asked: Question,
        owners: Sequence[UUID],
        *,
        contact_ids: tuple[UUID, ...] | None = None,
    ) -> Found:
        if asked.person is not None:
            contact_ids = await people_named(connection, asked.person, owners)
            if not contact_ids:
                raise PersonNotFoundError(f"nobody is called {asked.person!r}; `crm contacts` lists everybody")
        return await search(
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

    async def _write(
        self, question: str, found: Found, *, now: datetime
    ) -> tuple[str, tuple[int, ...], str, str | None]:
        note = found.note
        if self._llm is not None and found.hits:
            instructions, content = prompt(question, found.hits, boundary=token_hex(8), now=now)
            try:
                text, cited = read_reply(await self._llm.write(instructions=instructions, content=content), found.hits)
            except LlmError as error:
                note = f"answered from passages alone: {error}"
            else:
                return text, cited, self._llm.name, note if cited else "the answer cites no passage: do not rely on it"
        return *from_passages(found.hits), "passages", note

    async def record(
        self,
        tool: str,
        text: str,
        owner_ids: Iterable[UUID],
        *,
        answered_by: str,
        found_count: int,
        answer: Answer | None = None,
    ) -> UUID:
        """Keeps what was asked, with the answer where there is one, and appends `ai.query_executed`; its id.

        In the name of the owner where it is one.
        """
        query_id, owners = uuid7(), set(owner_ids)
        only = next(iter(owners)) if len(owners) == 1 else None
        with bind(user_id=None if only is None else str(only)):
            async with self._app.transaction() as tx:
                await keep_question(tx.connection, query_id, only, text, now=self._app.clock.now())
                if answer is not None:
                    await keep_answer(tx.connection, query_id, answer)
                await tx.append(QueryExecuted(query_id, only, tool, self._channel, answered_by, found_count))
        return query_id
