from datetime import UTC, datetime, timedelta

import pytest

from headrace_crm.enrichment.freshness import RefreshPolicy, Standing, due_at, is_due

NOW = datetime(2031, 5, 1, 12, tzinfo=UTC)
POLICY = RefreshPolicy()


def test_who_was_never_asked_about_is_due():
    assert is_due(None, asked_for="ada_b", now=NOW)


def test_another_handle_is_another_question():
    assert is_due(Standing("found", "ada", NOW + timedelta(days=9)), asked_for="ada_b", now=NOW)


@pytest.mark.parametrize("state", ["asked", "found", "none", "pending", "refused"])
def test_an_answer_holds_until_it_is_due_again(state):
    ends = due_at(state, NOW, POLICY)
    standing = Standing(state, "ada", ends)
    assert not is_due(standing, asked_for="ada", now=ends - timedelta(seconds=1))
    assert is_due(standing, asked_for="ada", now=ends)


@pytest.mark.parametrize(("state", "is_asked"), [("found", True), ("none", True), ("asked", False), ("pending", False)])
def test_force_asks_again_unless_an_answer_is_under_way(state, is_asked):
    standing = Standing(state, "ada", due_at(state, NOW, POLICY))
    assert is_due(standing, asked_for="ada", now=NOW, is_forced=True) == is_asked
