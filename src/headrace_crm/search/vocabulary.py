"""What the words of a query are worth, and which of them choose the passages that are ranked: pure.

The rank is BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009) with
k1 = 2 and b = 0.9, which find more of real mail than the usual 1.2 and 0.75. How often a word is in how many passages
was counted some time ago; a word that has come since counts as being in one, which ranks it a little too high and
loses nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MOST_WORDS: Final = 60
"""Words of a query that count; the rarest are kept."""
MOST_MATCHES: Final = 4_000
"""About how many passages are ranked at most by words."""
_GROWTH: Final = 1.3
_FIRST: Final = 20


@dataclass(frozen=True, slots=True)
class QueryWord:
    """A word of a query, what it is worth, and about how many passages have it."""

    word: str
    weight: float
    passage_count: int


@dataclass(frozen=True, slots=True)
class WordPlan:
    """Which passages to rank: those with any of `choosing`, by all of `words`.

    `choosing` are the rarest words that together are in no more than about `MOST_MATCHES` passages. Where the
    rarest alone is in more, passages need all of `required` too.
    """

    words: tuple[QueryWord, ...]
    choosing: tuple[str, ...]
    required: tuple[str, ...] = ()


def is_outgrown(counted: int, present: int) -> bool:
    """True where so much has come since words were counted that they should be again: 20 passages, or a third."""
    return present >= max(counted * _GROWTH, counted + _FIRST) or (counted == 0 and present > 0)


def plan_words(
    words: Sequence[str], *, counts: Mapping[str, int], passages: int, most_matches: int = MOST_MATCHES
) -> WordPlan:
    """Weigh the words of a query; `counts` says in how many of `passages` each is, one where it does not say."""
    total = max(passages, 1)
    weighed = sorted(
        (
            QueryWord(word, _inverse_frequency(counts.get(word, 1), total), counts.get(word, 1))
            for word in dict.fromkeys(words)
        ),
        key=lambda each: (each.passage_count, each.word),
    )[:MOST_WORDS]
    choosing: list[str] = []
    matches = 0
    for each in weighed:
        matches += each.passage_count
        if choosing and matches > most_matches:
            break
        choosing.append(each.word)
    required: list[str] = []
    if weighed and weighed[0].passage_count > most_matches:
        # Taken as if words came independently of each other; in mail they come together more often.
        expected = float(weighed[0].passage_count)
        for each in weighed[1:]:
            expected *= each.passage_count / total
            required.append(each.word)
            if expected <= most_matches:
                break
    return WordPlan(tuple(weighed), tuple(choosing), tuple(required))


def _inverse_frequency(count: int, total: int) -> float:
    return math.log(1 + (max(total - count, 0) + 0.5) / (count + 0.5))
