import pytest
from bench.quality.retrieval import Asked, Quality, best_weight, by_both, by_vectors, by_words, measure

from headrace_crm.search.fusion import Rated

PLACES = {1: (10, 100), 2: (11, 100), 3: (12, 200), 4: (13, 300), 5: (12, 200)}
"""Passages 3 and 5 are of one message."""


def asked(*rated: Rated) -> Asked:
    return Asked(message_id=99, thread_id=100, rated=rated)


FIRST = asked(Rated(1, 9.0, 0.1), Rated(3, 5.0, 0.9))
SECOND = asked(Rated(3, 9.0, None), Rated(5, 8.0, None), Rated(2, 1.0, 0.5))
NEVER = asked(Rated(4, 1.0, 0.1))


@pytest.mark.parametrize(
    ("order", "quality"),
    [
        # A message counts once, so the thread of SECOND is second by words though two passages come before it.
        (by_words, Quality(1 / 3, 2 / 3, (1 + 1 / 2) / 3)),
        (by_vectors, Quality(1 / 3, 2 / 3, (1 / 2 + 1) / 3)),
    ],
)
def test_the_rank_of_the_thread_is_that_of_its_first_message(order, quality: Quality):
    found = measure([FIRST, SECOND, NEVER], order, PLACES)
    assert (found.hit_1, found.hit_10) == (quality.hit_1, quality.hit_10)
    assert found.mean_reciprocal_rank == pytest.approx(quality.mean_reciprocal_rank)


def test_better_is_better_in_all_three():
    assert Quality(0.3, 0.5, 0.4).beats(Quality(0.2, 0.4, 0.3))
    assert not Quality(0.3, 0.5, 0.4).beats(Quality(0.3, 0.4, 0.3))
    assert not Quality(0.3, 0.5, 0.4).beats(Quality(0.2, 0.4, 0.4))


def test_the_weight_chosen_is_the_one_that_finds_most():
    words_know = asked(Rated(1, 9.0, 0.4), Rated(3, 1.0, 0.5))
    weight = best_weight([words_know], PLACES)
    assert measure([words_know], by_both(weight), PLACES).hit_1 == 1
    assert measure([], by_both(weight), PLACES) == Quality(0, 0, 0)
