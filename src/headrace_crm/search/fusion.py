"""Words and vectors, counted together: pure.

Each side is brought to 0..1 and weighted: words by the best score of the query, vectors as they are (the cosine, 0
where it is negative). A passage without any word of the query gets nothing for words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rated:
    """What words (BM25) and vectors (cosine) say about a passage; None where they say nothing."""

    passage_id: int
    words: float | None
    nearness: float | None


@dataclass(frozen=True, slots=True)
class Fused:
    """A passage and its score, from 0 to 1."""

    passage_id: int
    score: float


def fuse(rated: Iterable[Rated], *, word_weight: float) -> Sequence[Fused]:
    """Order passages by both together, the best first; of equal ones the newer.

    Where vectors say nothing about any of them, words count alone.
    """
    given = list(rated)
    best = max((each.words for each in given if each.words), default=0.0)
    weight = word_weight if any(each.nearness is not None for each in given) else 1.0
    fused = [
        Fused(
            each.passage_id,
            weight * ((each.words or 0.0) / best if best else 0.0) + (1 - weight) * max(each.nearness or 0.0, 0.0),
        )
        for each in given
    ]
    return sorted(fused, key=lambda each: (-each.score, -each.passage_id))
