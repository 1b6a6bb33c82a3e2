import os

import pytest
from bench.processor import Spent, spent_by


def test_what_a_process_has_spent_is_known_by_its_id_and_of_none_that_has_ended():
    before = spent_by(os.getpid())
    while spent_by(os.getpid()) == before:
        sum(range(10_000))
    assert spent_by(os.getpid()) > before > 0
    with pytest.raises(ProcessLookupError, match="999999999"):
        spent_by(999_999_999)


def test_what_was_spent_since_is_the_difference():
    assert Spent(5, 3).since(Spent(1, 2)) == Spent(4, 1)
