"""Thread retrieval: given a reply's own words, find the thread it answers, by words, by vectors, and by both.

The reply itself is left out of what is found, and what it quotes of its parent out of the query. What each side weighs
is chosen on every other query, and told for the rest.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from headrace import Headrace
from headrace.db.statements import statement
from headrace_crm.mail.reply_text import read_reply
from headrace_crm.search.embedder import Embedder
from headrace_crm.search.fusion import Rated, fuse
from headrace_crm.search.searching import (
    CANDIDATES,
    MAX_QUERY_CHARS,
    SearchFilter,
    all_owners,
    query_vector,
    rate,
    read_query,
)

_LEAST_WORDS = 5
_RANKS = 100
WEIGHTS = tuple(step / 20 for step in range(1, 20))


@dataclass(frozen=True, slots=True)
class Asked:
    """A reply, the thread to be found, and what was found for it."""

    message_id: int
    thread_id: int
    rated: tuple[Rated, ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """How often the thread was first, and among the first ten; and the mean of 1 / its rank."""

    hit_1: float
    hit_10: float
    mean_reciprocal_rank: float

    def beats(self, other: "Quality") -> bool:
        """True where all three are higher."""
        return (
            self.hit_1 > other.hit_1
            and self.hit_10 > other.hit_10
            and self.mean_reciprocal_rank > other.mean_reciprocal_rank
        )


Order = Callable[[Sequence[Rated]], Iterable[int]]


def by_words(rated: Sequence[Rated]) -> list[int]:
    """As search orders what it finds without vectors."""
    found = sorted((each for each in rated if each.words), key=lambda each: -(each.words or 0))[:CANDIDATES]
    return [each.passage_id for each in fuse((replace(each, nearness=None) for each in found), word_weight=1)]


def by_vectors(rated: Sequence[Rated]) -> list[int]:
    """As search orders what it finds where no word of a query is in any passage."""
    found = sorted((each for each in rated if each.nearness is not None), key=lambda each: -(each.nearness or 0))
    return [each.passage_id for each in fuse((replace(each, words=None) for each in found[:CANDIDATES]), word_weight=0)]


def by_both(weight: float) -> Order:
    return lambda rated: [each.passage_id for each in fuse(rated, word_weight=weight)]


def measure(asked: Sequence[Asked], order: Order, places: dict[int, tuple[int, int]]) -> Quality:
    """`places` tells of each passage its message and thread. A message counts once, by its best passage."""
    ranks = [_rank(each, order(each.rated), places) for each in asked]
    count = max(len(ranks), 1)
    return Quality(
        sum(rank == 1 for rank in ranks) / count,
        sum(0 < rank <= 10 for rank in ranks) / count,
        sum(1 / rank for rank in ranks if 0 < rank <= _RANKS) / count,
    )


def _rank(asked: Asked, found: Iterable[int], places: dict[int, tuple[int, int]]) -> int:
    seen: set[int] = set()
    for passage_id in found:
        message_id, thread_id = places[passage_id]
        seen.add(message_id)
        if thread_id == asked.thread_id:
            return len(seen)
    return 0


def best_weight(asked: Sequence[Asked], places: dict[int, tuple[int, int]]) -> float:
    """What words should weigh beside vectors, by the mean reciprocal rank."""
    return max(WEIGHTS, key=lambda weight: measure(asked, by_both(weight), places).mean_reciprocal_rank)


async def ask_all(
    app: Headrace, embedder: Embedder, *, count: int, language: str, told: Callable[[int], None]
) -> tuple[list[Asked], dict[int, tuple[int, int]]]:
    """Asks for so many replies, chosen by chance but always the same; with the place of every passage."""
    async with app.pool.acquire() as connection:
        owners = await all_owners(connection)
        replies: list[Any] = await connection.fetch(statement("bench", "replies"))
        places = {
            row["id"]: (row["message_id"], row["thread_id"])
            for row in await connection.fetch(statement("bench", "passages"))
        }
        Random(1).shuffle(replies)
        asked: list[Asked] = []
        for row in replies:
            text = read_reply(row["body_text"]).text[:MAX_QUERY_CHARS]
            if len(text.split()) < _LEAST_WORDS:
                continue
            plan, average = await read_query(connection, text, owners, language)
            vector, note = await query_vector(connection, text, embedder)
            if vector is None:
                raise RuntimeError(f"a query without a vector: {note}")
            rated = await rate(
                connection,
                plan,
                vector,
                average=average,
                owners=owners,
                where=SearchFilter(kinds=("message",)),
            )
            others = tuple(each for each in rated if places[each.passage_id][0] != row["id"])
            asked.append(Asked(row["id"], row["thread_id"], others))
            told(len(asked))
            if len(asked) == count:
                break
    return asked, places
