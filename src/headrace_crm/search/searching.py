"""Finds passages by words and by meaning at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Connection, Row, statement
from headrace_crm.search.embedder import Embedder, EmbedderError
from headrace_crm.search.embedding import vector_text
from headrace_crm.search.fusion import Fused, Rated, fuse
from headrace_crm.search.passage import Kind
from headrace_crm.search.snippet import snippet
from headrace_crm.search.vocabulary import QueryWord, WordPlan, plan_words

CANDIDATES: Final = 100
"""Passages that words and vectors find each, before both are asked about all of them."""
MAX_QUERY_CHARS: Final = 4_000

_PACKAGE: Final = "headrace_crm.search"
_FOUND_KINDS: Final[tuple[Kind, ...]] = ("message", "contact")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilter:
    """Where to look. None does not restrict; `since` is included, `before` is not; questions only where asked for."""

    owner_ids: tuple[UUID, ...] | None = None
    since: datetime | None = None
    before: datetime | None = None
    contact_ids: tuple[UUID, ...] | None = None
    kinds: tuple[Kind, ...] = _FOUND_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A message or a person that was found, by its best passage.

    `score` is from 0 to 1, comparable within one search only. `person` and `address` are the author of a
    message, or the person; `contact_id` is theirs where they are a contact.
    """

    passage_id: int
    owner_id: UUID
    kind: Kind
    score: float
    title: str
    snippet: str
    body: str = field(repr=False)
    occurred_at: datetime
    person: str
    address: str
    contact_id: UUID | None
    message_id: int | None
    thread_id: int | None
    direction: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, the best first; `by` is how, and `note` says why it was by words alone."""

    hits: tuple[Hit, ...]
    by: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class QueryVector:
    """A query as a model sees it, and the number of that model in this database."""

    model_id: int
    values: tuple[float, ...]

    @property
    def text(self) -> str:
        return vector_text(self.values)

    def completed(self, query: str) -> str:
        """A statement with the numbers that must stand in it, so that the model's own index serves it."""
        return query.replace("made_model", str(self.model_id)).replace("made_dimension", str(len(self.values)))


async def search(
    connection: Connection,
    query: str,
    *,
    embedder: Embedder | None,
    language: str,
    word_weight: float,
    where: SearchFilter | None = None,
    limit: int = 10,
) -> Found:
    """The messages and people that fit a query best, at most `limit` of them, each by its best passage.

    Without an embedder, pgvector or vectors of its model, words alone find, and `note` says so. A query of
    stop words alone is found by vectors alone; one of nothing at all finds nothing.
    """
    wanted = where or SearchFilter()
    text = query.strip()[:MAX_QUERY_CHARS]
    owners = list(wanted.owner_ids) if wanted.owner_ids is not None else await all_owners(connection)
    if not text or not owners:
        return Found((), "nothing", "the query is empty" if not text else "no mail was imported")
    plan, average = await read_query(connection, text, owners, language)
    vector, note = await query_vector(connection, text, embedder)
    ranked = await rank(connection, plan, vector, average=average, owners=owners, where=wanted, word_weight=word_weight)
    hits = await _show(connection, ranked, plan.words, limit)
    return Found(hits, "words" if vector is None else "words and vectors", note)


async def all_owners(connection: Connection) -> list[UUID]:
    """Everybody whose mail is here, in order."""
    return [row["id"] for row in await connection.fetch(statement(_PACKAGE, "list_owners"))]


async def query_vector(
    connection: Connection, text: str, embedder: Embedder | None
) -> tuple[QueryVector | None, str | None]:
    """A query's vector, or None with the reason in words a person can act on."""
    if embedder is None:
        return None, "found by words alone: no embedder is set (HEADRACE_EMBEDDER)"
    try:
        model = await embedder.model()
        row = await connection.fetchrow(statement(_PACKAGE, "find_model"), model.name, model.version, model.dimension)
        if row is None or not row["has_vectors"]:
            return None, "found by words alone: the database has no pgvector, or no worker has made vectors yet"
        if row["model_id"] is None:
            return None, f"found by words alone: no worker has made vectors by {model.name} {model.version} yet"
        values = (await embedder.embed([text]))[0]
    except EmbedderError as error:
        return None, f"found by words alone: {error}"
    if not any(values):
        return None, "found by words alone: the model knows no word of the query"
    return QueryVector(row["model_id"], tuple(values)), None


async def rank(
    connection: Connection,
    plan: WordPlan,
    vector: QueryVector | None,
    *,
    average: float,
    owners: Sequence[UUID],
    where: SearchFilter,
    word_weight: float,
    candidates: int = CANDIDATES,
) -> Sequence[Fused]:
    """The passages that words or vectors find, ordered by both; `average` is how long passages are on average."""
    return fuse(
        await rate(connection, plan, vector, average=average, owners=owners, where=where, candidates=candidates),
        word_weight=word_weight,
    )


async def rate(
    connection: Connection,
    plan: WordPlan,
    vector: QueryVector | None,
    *,
    average: float,
    owners: Sequence[UUID],
    where: SearchFilter,
    candidates: int = CANDIDATES,
) -> Sequence[Rated]:
    """What words and vectors say about each passage that either finds, in no order."""
    words = [_quoted(each.word) for each in plan.words]
    weights = [each.weight for each in plan.words]
    async with connection.transaction():
        await connection.execute(statement(_PACKAGE, "walk_far"), str(candidates))
        by_words: list[Row] = []
        if plan.choosing:
            recent = replace(where, since=await _since(connection, plan, owners, where))
            by_words = await connection.fetch(
                statement(_PACKAGE, "match_words"),
                _tsquery(plan),
                candidates,
                words,
                weights,
                average,
                *_places(recent, owners),
            )
        if vector is None:
            return [Rated(row["id"], row["score"], None, row["message_id"], row["thread_id"]) for row in by_words]
        near = await connection.fetch(
            vector.completed(statement(_PACKAGE, "match_vector")), vector.text, candidates, *_places(where, owners)
        )
        ids = sorted({row["id"] for row in by_words} | {row["id"] for row in near})
        rows = await connection.fetch(
            vector.completed(statement(_PACKAGE, "rate_passages")), vector.text, ids, words, weights, average
        )
    return [Rated(row["id"], row["words"], row["nearness"], row["message_id"], row["thread_id"]) for row in rows]


async def _since(
    connection: Connection, plan: WordPlan, owners: Sequence[UUID], where: SearchFilter
) -> datetime | None:
    """Since when passages are ranked by words: as asked, or later where the words are too common to rank them all."""
    if plan.newest is None:
        return where.since
    rows = await connection.fetch(statement(_PACKAGE, "newest_since"), owners, plan.newest, where.before)
    latest = min((row["occurred_at"] for row in rows), default=None)
    if latest is None or len(rows) < len(owners):
        return where.since
    return latest if where.since is None else max(latest, where.since)


def _places(where: SearchFilter, owners: Sequence[UUID]) -> tuple[object, ...]:
    return list(owners), list(where.kinds), where.since, where.before, _listed(where.contact_ids)


async def read_query(
    connection: Connection, text: str, owners: Sequence[UUID], language: str
) -> tuple[WordPlan, float]:
    """What a query's words are worth to these owners, and how long their passages are on average."""
    rows = await connection.fetch(statement(_PACKAGE, "weigh_words"), language, text, owners)
    counted = await connection.fetchrow(statement(_PACKAGE, "vocabulary_of"), owners)
    passages, total = (counted["passage_count"], counted["word_total"]) if counted is not None else (0, 0)
    plan = plan_words(
        [row["word"] for row in rows],
        counts={row["word"]: row["passage_count"] for row in rows if row["passage_count"] is not None},
        passages=passages,
    )
    return plan, max(total / passages if passages else 1.0, 1.0)


async def _show(
    connection: Connection, ranked: Sequence[Fused], words: Sequence[QueryWord], limit: int
) -> tuple[Hit, ...]:
    # A message has several passages, and of each message only the best is shown.
    chosen = ranked[: limit * 4]
    rows = {
        row["id"]: row
        for row in await connection.fetch(statement(_PACKAGE, "show_hits"), [each.passage_id for each in chosen])
    }
    stems = [each.word for each in words]
    seen: set[tuple[str, object]] = set()
    hits: list[Hit] = []
    for each in chosen:
        row = rows.get(each.passage_id)
        if row is None:
            continue
        whole = (row["kind"], row["message_id"] or row["contact_id"] or row["id"])
        if whole not in seen and len(hits) < limit:
            seen.add(whole)
            hits.append(_hit(row, each.score, stems))
    return tuple(hits)


def _hit(row: Row, score: float, stems: Collection[str]) -> Hit:
    addresses = row["addresses"] or ()
    address = row["sender_email"] or (addresses[0] if addresses else "")
    return Hit(
        passage_id=row["id"],
        owner_id=row["owner_id"],
        kind=row["kind"],
        score=round(score, 4),
        title=row["subject"] or row["title"],
        snippet=snippet(row["body"], stems),
        body=row["body"],
        occurred_at=row["occurred_at"],
        person=row["name"] or row["sender_name"] or address,
        address=address,
        contact_id=row["contact_id"],
        message_id=row["message_id"],
        thread_id=row["thread_id"],
        direction=row["direction"],
    )


def _tsquery(plan: WordPlan) -> str:
    chosen = " | ".join(_quoted(word) for word in plan.choosing)
    return " & ".join((f"({chosen})", *(_quoted(word) for word in plan.required)))


def _quoted(word: str) -> str:
    doubled = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


def _listed(ids: Collection[UUID] | None) -> list[UUID] | None:
    return None if ids is None else sorted(ids)
