"""A flow puts its jobs in an order in which each comes after all it depends on, or says why there is none."""

import re
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace import Call, ConfigurationError, Flow
from headrace.jobs.group import Group


@asynccontextmanager
async def nowhere(connection):
    raise AssertionError("nothing is to be stored")
    yield


def flow_of(edges: dict[str, list[str]]) -> Flow:
    flow = Flow(nowhere)
    for name, depends_on in edges.items():
        flow.add(name, "kind", depends_on=depends_on)
    return flow


def test_without_dependencies_jobs_keep_the_order_they_were_added_in():
    assert flow_of({"b": [], "a": [], "c": []}).order() == ["b", "a", "c"]


def test_a_job_may_depend_on_one_added_later():
    assert flow_of({"last": ["first"], "first": []}).order() == ["first", "last"]


@given(st.lists(st.sets(st.integers(0, 29)), max_size=30), st.randoms())
def test_every_job_comes_after_all_it_depends_on(sets, random):
    edges = {str(n): [str(one) for one in wanted if one < n] for n, wanted in enumerate(sets)}
    names = list(edges)
    random.shuffle(names)
    order = flow_of({name: edges[name] for name in names}).order()
    assert sorted(order) == sorted(names)
    place = {name: n for n, name in enumerate(order)}
    assert all(place[one] < place[name] for name, wanted in edges.items() for one in wanted)


@pytest.mark.parametrize(
    ("edges", "path"),
    [
        ({"a": ["a"]}, "a -> a"),
        ({"a": ["b"], "b": ["c"], "c": ["a"]}, "a -> b -> c -> a"),
        ({"start": ["x"], "x": ["y"], "y": ["z", "x"], "z": []}, "x -> y -> x"),
    ],
)
def test_a_cycle_is_refused_with_its_path(edges, path):
    with pytest.raises(ConfigurationError, match=re.escape(f"cycle: {path} (")):
        flow_of(edges).order()


def test_a_chain_of_many_jobs_has_an_order():
    count = 20_000
    flow = flow_of({str(n): [str(n + 1)] if n < count else [] for n in range(count + 1)})
    assert flow.order() == [str(n) for n in range(count, -1, -1)]


def test_a_name_that_is_not_in_the_flow_is_refused():
    with pytest.raises(ConfigurationError, match="'a' of the flow depends on 'b', which is not in it"):
        flow_of({"a": ["b"]}).order()


def test_a_name_that_is_taken_is_refused():
    flow = flow_of({"a": []})
    with pytest.raises(ConfigurationError, match="'a' already"):
        flow.add("a", "kind")


@pytest.mark.parametrize("option", ["unique", "parent"])
def test_options_that_no_job_of_a_flow_can_have_are_refused(option):
    with pytest.raises(ConfigurationError, match=f"cannot have {option}"):
        Flow(nowhere).add("a", "kind", **{option: uuid4()})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "needs on_complete or on_failure"),
        ({"on_complete": 5}, "on_complete must be a kind or a Call, got 5"),
        ({"on_failure": Call("tell", None, {"depends_on": []})}, "on_failure cannot have depends_on"),
        ({"on_complete": "tell", "parent": "job-7"}, "parent must be a job, .* got 'job-7'"),
    ],
)
def test_a_group_that_nothing_could_follow_is_refused(options, said):
    with pytest.raises(ConfigurationError, match=said):
        Group(object(), **{"on_complete": None, "on_failure": None, "parent": None, **options})


def test_one_job_instead_of_a_list_is_refused():
    job_id = uuid4()
    with pytest.raises(ConfigurationError, match=rf"depends_on of job 'a' .* got UUID\('{job_id}'\); write \[job\]"):
        Flow(nowhere).add("a", "kind", depends_on=job_id)


async def test_a_flow_is_stored_in_one_place_only():
    with pytest.raises(ConfigurationError, match="not both"):
        await flow_of({"a": []}).enqueue(object(), connection=object())
