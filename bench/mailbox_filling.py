"""Fills the CRM with a mailbox as one has it after years, by statements over sets.

People, messages with whom they name, threads, conversations with people, stats, scores, passages with words and
vectors, insights, questions with answers, accounts, the read model of days and the events of it all. Texts are put
together from made-up ones (`bench.workloads.letters`), so that words are as frequent as in mail; the vector of a text
is the sum of its parts', which is what a model that takes the mean of words gives. Scores are stored by a formula of
their own and insights say all the same: pages read them and do not judge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote
from uuid import UUID

import asyncpg

from bench.indexing import indexed_after, vectors_indexed_after
from bench.workloads.letters import Letters
from headrace import Headrace
from headrace.db.statements import statement
from headrace.testing import drain
from headrace_crm.analytics.figures import figures
from headrace_crm.analytics.store import list_letters, write_figures
from headrace_crm.app import create_embedder
from headrace_crm.config.search import SearchSettings
from headrace_crm.insights import KINDS
from headrace_crm.scores.directory import Place
from headrace_crm.search.store import count_vocabulary

_POOL: Final = 1_000
_TEXT_WORDS: Final = (20, 40, 60, 90)
_TAG: Final = "tag-1"


@dataclass(frozen=True, slots=True)
class FilledMailbox:
    """Where to look: paths of pages with much on them, of every page there is of people and mail."""

    owner_id: UUID
    paths: Sequence[str]


async def fill_mailbox(
    app: Headrace, session: asyncpg.Connection, search: SearchSettings, *, people: int, letters: int, now: datetime
) -> FilledMailbox:
    """Fills an open CRM that is empty, over a session of its own."""
    await drain(app)  # builds the read models, of nothing yet
    owner_id = UUID(int=1)
    subjects, bodies, names, asked = _texts()
    await session.execute(statement("bench", "create_letter_pool"))
    await session.execute(statement("bench", "fill_letter_pool"), subjects, bodies, search.language)
    await session.execute(statement("bench", "fill_people"), owner_id, people, now, names)
    await session.execute(statement("bench", "fill_letters"), owner_id, letters, people, now, _POOL)
    await session.execute(statement("bench", "fill_letter_events"), owner_id)
    await session.execute("ANALYZE")  # else the next ones are planned for empty tables
    await session.execute(statement("bench", "fill_letter_stats"), owner_id)
    await session.execute(statement("bench", "fill_scores"), owner_id, now)
    await session.execute("ANALYZE crm.contact_score")
    await session.execute(statement("bench", "fill_insights"), owner_id, now, list(KINDS), people // 4)
    await session.execute(statement("bench", "fill_questions"), owner_id, min(2_000, letters // 4), now)
    await session.execute(statement("bench", "fill_mailboxes"), owner_id, 60, now)
    await session.execute(statement("bench", "fill_activity"), owner_id)
    await write_figures(session, owner_id, figures(await list_letters(session, owner_id, now=now), now=now), as_of=now)
    async with indexed_after(session, "gin"):
        await session.execute(statement("bench", "fill_passages"), owner_id, _POOL)
    async with session.transaction():
        await count_vocabulary(session, owner_id, now=now)
    await _embed(session, search, [f"{subject}\n{body}" for subject, body in zip(subjects, bodies, strict=True)])
    return FilledMailbox(owner_id, await _paths(session, owner_id, asked, now))


def _texts() -> tuple[list[str], list[str], list[str], str]:
    """Subjects, texts, names, and something to look for."""
    letters = Letters()
    themes = [letters.theme() for _ in range(_POOL)]
    subjects = [letters.query(theme, 4) for theme in themes]
    bodies = [letters.query(theme, _TEXT_WORDS[number % len(_TEXT_WORDS)]) for number, theme in enumerate(themes)]
    return subjects, bodies, [word for theme in themes for word in theme[:2]], letters.query(themes[7], 4)


async def _embed(session: asyncpg.Connection, search: SearchSettings, texts: Sequence[str]) -> None:
    embedder = create_embedder(search)
    if embedder is None or not await session.fetchval(statement("headrace_crm.search", "ready_vectors")):
        return  # the CRM finds by words alone then
    async with vectors_indexed_after(session, await embedder.model()) as model_id:
        vectors = [f"[{','.join(map(str, vector))}]" for vector in await embedder.embed(texts)]
        await session.execute(statement("bench", "create_vector_pool"))
        await session.execute(statement("bench", "fill_vector_pool"), vectors)
        await session.execute(statement("bench", "fill_vectors"), model_id, _POOL)
    await session.execute(statement("bench", "settle_vectors"))


async def _paths(session: asyncpg.Connection, owner_id: UUID, asked: str, now: datetime) -> Sequence[str]:
    row = await session.fetchrow(statement("bench", "places_to_look"), owner_id)
    assert row is not None
    words = asked.split()
    return (
        "/crm/contacts",
        f"/crm/contacts?tag={_TAG}",
        "/crm/contacts?text=p777@",
        "/crm/contacts?text=nobody+is+called+this",
        f"/crm/contacts?after={quote(str(Place(row['strength'], row['middle'])))}",
        f"/crm/contacts/{row['closest']}",
        f"/crm/contacts/{row['closest']}?at={now.year - 1}-06-30",
        "/crm/insights",
        "/crm/insights?state=dismissed",
        "/crm/map",
        "/crm/search",
        f"/crm/search?text={words[0]}",
        f"/crm/search?text={'+'.join(words)}",
        f"/crm/search?text={'+'.join(words)}&person=p1@weir.example&since={now.year - 1}-01-01",
        "/crm/ask",
        f"/crm/ask/{row['question']}",
        f"/crm/messages/{row['newest']}",
        f"/crm/messages/{row['in_long']}",
        "/crm/activity",
        "/crm/activity?days=366",
        "/crm/accounts",
        f"/crm/accounts/{row['account']}",
        f"/crm/accounts/{row['account']}/unlink",
    )
