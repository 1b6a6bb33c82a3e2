"""How what was found in two tables walked side by side becomes one page."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.jobs.search import JobLine, Walk, cut, merge

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def line(number: int) -> JobLine:
    return JobLine(UUID(int=number), "k", "q", "normal", None, "pending", 0, 3, NOW, None, NOW, None, None, None, None)


def ids(page) -> list[int]:
    return [one.id.int for one in page.jobs]


def test_nothing_is_certain_before_both_tables_have_been_walked_that_far():
    living = Walk("living", UUID(int=50), found=[line(60), line(50)], walked_count=2)
    ended = Walk("ended", None)
    assert merge([living, ended], order="newest", limit=1) is None
    ended = Walk("ended", UUID(int=55), found=[line(58)], walked_count=9)
    page = merge([living, ended], order="newest", limit=1)
    assert (ids(page), page.following) == ([60], UUID(int=60))
    assert merge([living, ended], order="newest", limit=2) is None
    early = cut([living, ended], order="newest", limit=2)
    assert (ids(early), early.following, early.is_cut) == ([60, 58], UUID(int=55), True)


@pytest.mark.parametrize("order", ["newest", "oldest"])
@given(
    numbers=st.sets(st.integers(1, 400), max_size=60),
    living_of=st.sets(st.integers(1, 400)),
    sizes=st.tuples(st.integers(1, 5), st.integers(1, 7), st.integers(1, 6)),
    stops=st.booleans(),
)
def test_pages_hold_every_job_that_fits_once_and_in_order(order, numbers, living_of, sizes, stops):
    """Whatever the tables, the stretches and the pages, and wherever patience ends."""
    fits, stretch, limit = sizes
    tables = {"living": sorted(numbers & living_of), "ended": sorted(numbers - living_of)}
    wanted = sorted((n for n in numbers if n % fits == 0), reverse=order == "newest")
    seen: list[int] = []
    after: int | None = None
    for _ in range(2_000):
        walks = [Walk(name, None if after is None else UUID(int=after)) for name in tables]
        page = None
        rounds = 0
        while page is None:
            page = merge(walks, order=order, limit=limit)
            rounds += 1
            if page is None and stops and rounds > 2:
                page = cut(walks, order=order, limit=limit)
            if page is None:
                behind = [walk for walk in walks if not walk.is_finished]
                walk = min(behind, key=lambda one: one.walked_count)
                edge = None if walk.edge is None else walk.edge.int
                rows = [n for n in tables[walk.name] if edge is None or (n < edge if order == "newest" else n > edge)]
                rows = (rows[::-1] if order == "newest" else rows)[:stretch]
                walk.found += [line(n) for n in rows if n % fits == 0]
                walk.walked_count += len(rows)
                walk.edge = UUID(int=rows[-1]) if rows else walk.edge
                walk.is_finished = len(rows) < stretch
        seen += ids(page)
        if page.following is None:
            break
        after = page.following.int
    assert seen == wanted
