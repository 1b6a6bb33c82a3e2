"""What one who waits for a result gets, by how the job ended."""

from typing import Any

import msgspec
import pytest

from headrace import (
    ConfigurationError,
    InvalidResultError,
    Job,
    JobCancelledError,
    JobFailedError,
    JobHandle,
    JobNotFoundError,
    uuid7,
)
from headrace.jobs.ending import End, read_end
from headrace.jobs.registry import Registry, describe


class Page(msgspec.Struct):
    words: int


async def typed() -> Page: ...


async def untyped(): ...


async def says_nothing() -> None: ...


class Line(msgspec.Struct):
    letters: int


class Strange:
    pass


async def either() -> Page | Line: ...


async def strange() -> Strange: ...


@pytest.fixture
def kinds() -> Registry:
    registry = Registry()
    for handler in (typed, untyped, says_nothing, either, strange):
        registry.add(describe(handler.__name__, handler, job_type=Job))
    registry.add(describe("elsewhere", None, job_type=Job, result_type=Page))
    return registry


def completed(kind: str, result: str | None) -> End:
    return End(uuid7(), kind, "completed", result)


@pytest.mark.parametrize(
    ("kind", "result", "value"),
    [
        ("typed", '{"words": 7}', Page(7)),
        ("elsewhere", '{"words": 7}', Page(7)),
        ("untyped", '{"words": 7}', {"words": 7}),
        ("says_nothing", "5", 5),
        ("unknown here", "[1]", [1]),
        ("typed", None, None),
    ],
)
def test_a_result_is_read_as_its_kind_says(kinds: Registry, kind: str, result: str | None, value: object):
    assert read_end(completed(kind, result), kinds) == value


def test_a_type_given_comes_before_the_handlers_own(kinds: Registry):
    assert read_end(completed("typed", '{"words": 7}'), kinds, result_type=dict[str, int]) == {"words": 7}
    assert read_end(completed("typed", '"seven"'), kinds, result_type=Any) == "seven"


def test_a_result_that_does_not_fit_says_where(kinds: Registry):
    with pytest.raises(InvalidResultError, match=r"\$\.words") as raised:
        read_end(completed("typed", '{"words": "seven"}'), kinds)
    assert raised.value.kind == "typed"


@pytest.mark.parametrize("options", [{}, {"result_type": Strange}])
def test_a_result_of_a_class_that_json_knows_nothing_of_does_not_fit(kinds: Registry, options):
    with pytest.raises(InvalidResultError, match=r"Strange.*result_type="):
        read_end(completed("strange", '{"words": 7}'), kinds, **options)
    assert read_end(completed("strange", '{"words": 7}'), kinds, result_type=Any) == {"words": 7}


def test_a_type_that_json_cannot_be_read_into_is_refused(kinds: Registry):
    with pytest.raises(ConfigurationError, match="Page"):
        read_end(completed("typed", '{"words": 7}'), kinds, result_type=Page | Line)
    assert read_end(completed("either", '{"words": 7}'), kinds) == {"words": 7}


@pytest.mark.parametrize(
    ("state", "error_type"),
    [("failed", JobFailedError), ("dead", JobFailedError), ("cancelled", JobCancelledError)],
)
def test_a_job_that_did_not_complete_raises_its_own_error(kinds: Registry, state, error_type):
    end = End(uuid7(), "typed", state, error='{"type": "ValueError", "message": "no such page", "traceback": "tb"}')
    with pytest.raises(error_type, match=f"is {state}: ValueError: no such page") as raised:
        read_end(end, kinds)
    assert (raised.value.job_id, raised.value.state) == (end.job_id, state)
    assert raised.value.error["traceback"] == "tb"


def test_a_job_without_a_stored_error_says_so(kinds: Registry):
    with pytest.raises(JobCancelledError, match="no error is stored"):
        read_end(End(uuid7(), "typed", "cancelled"), kinds)


def test_a_job_that_is_not_stored_is_not_found(kinds: Registry):
    end = End(uuid7(), None, None)
    with pytest.raises(JobNotFoundError, match=str(end.job_id)):
        read_end(end, kinds)


async def test_a_handle_of_no_app_says_what_to_do():
    with pytest.raises(ConfigurationError, match=r"app\.handle"):
        await JobHandle(uuid7()).result()
