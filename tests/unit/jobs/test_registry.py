from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace import ConfigurationError, InvalidArgsError, Job, Priority, UnknownKindError
from headrace.jobs.registry import Registry, describe


class Point(msgspec.Struct, frozen=True):
    x: int
    y: int = 0


@dataclass(frozen=True)
class Line:
    points: tuple[Point, ...]


def kind(handler=None, **options):
    return describe("kind", handler, job_type=Job, **options)


async def both(args: Point, job: Job) -> None: ...
async def swapped(job: Job, args: Point) -> None: ...
async def only_args(args: Point) -> None: ...
async def only_job(job: Job) -> None: ...
async def nothing() -> None: ...
async def untyped(args) -> None: ...
async def with_default(args: Point, limit: int = 5) -> None: ...
def plain(args: Point) -> None: ...
async def two_args(one: int, two: int) -> None: ...
async def two_jobs(one: Job, two: Job) -> None: ...


@pytest.mark.parametrize(
    ("handler", "passes", "args_type"),
    [
        (both, ("args", "job"), Point),
        (swapped, ("job", "args"), Point),
        (only_args, ("args",), Point),
        (only_job, ("job",), Any),
        (nothing, (), Any),
        (untyped, ("args",), Any),
        (with_default, ("args",), Point),
    ],
)
def test_a_handler_gets_what_its_signature_asks_for(handler, passes, args_type):
    described = kind(handler)
    assert (described.passes, described.args_type, described.is_async) == (passes, args_type, True)


def test_a_plain_function_is_no_coroutine():
    assert not kind(plain).is_async


@pytest.mark.parametrize("handler", [two_args, two_jobs])
def test_another_signature_is_refused(handler):
    with pytest.raises(ConfigurationError, match="one parameter annotated as Job, nothing else"):
        kind(handler)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_attempts": 0}, "1 to 32767, got 0"),
        ({"max_attempts": 40_000}, "1 to 32767, got 40000"),
        ({"max_attempts": "3"}, "1 to 32767, got '3'"),
        ({"timeout": timedelta(0)}, "must be positive, got 0:00:00; leave it out"),
        ({"timeout": 5}, r"must be a timedelta, got 5; use timedelta\(seconds="),
        ({"queue": "no spaces"}, "got 'no spaces'"),
        ({"queue": ""}, "got ''"),
        ({"priority": 9}, "one of critical, high, normal, low, got 9"),
        ({"priority": "urgent"}, "one of critical, high, normal, low, got 'urgent'"),
        ({"retry": 5}, "must be a RetryPolicy, got 5"),
    ],
)
def test_settings_out_of_range_are_refused(options, said):
    with pytest.raises(ConfigurationError, match=said):
        kind(nothing, **options)


def test_a_handler_that_cannot_be_called_is_refused():
    with pytest.raises(ConfigurationError, match="must be a function, got 5"):
        kind(5)


@pytest.mark.parametrize("name", ["", "k" * 201])
def test_a_name_out_of_range_is_refused(name):
    with pytest.raises(ConfigurationError, match="1 to 200"):
        describe(name, nothing, job_type=Job)


def test_a_type_that_cannot_be_read_from_json_is_refused():
    with pytest.raises(ConfigurationError, match=r"use a msgspec\.Struct"):
        kind(args_type=Job | Registry)


def test_a_kind_is_registered_once():
    registry = Registry()
    registry.add(kind(nothing))
    with pytest.raises(ConfigurationError, match="registered twice"):
        registry.add(kind(nothing))


def test_an_unknown_kind_names_the_known_ones():
    registry = Registry()
    with pytest.raises(UnknownKindError, match="known: none") as raised:
        registry.get("other")
    assert raised.value.kind == "other"


def test_only_kinds_with_a_handler_are_handled():
    registry = Registry()
    registry.add(kind(nothing))
    registry.add(describe("declared", None, job_type=Job))
    assert [one.name for one in registry.handled()] == ["kind"]
    assert registry.names() == {"kind", "declared"}


@pytest.mark.parametrize("priority", ["high", "HIGH", Priority.HIGH])
def test_a_priority_may_be_named(priority):
    assert kind(nothing, priority=priority).priority is Priority.HIGH


@given(st.lists(st.builds(Point, st.integers(-(2**53), 2**53), st.integers(0, 9)), max_size=5))
def test_args_come_back_as_they_were_given(points):
    line = Line(tuple(points))
    described = kind(args_type=Line)
    assert described.decode(described.encode(line)) == line


@given(st.text())
def test_any_text_is_encoded_or_refused_with_the_kind(text):
    described = kind(args_type=str)
    try:
        encoded = described.encode(text)
    except InvalidArgsError:
        assert "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text)
    else:
        assert described.decode(encoded) == text


class Lookalike:
    """What a pydantic model offers: its own way to JSON and back."""

    @classmethod
    def model_validate_json(cls, raw: str) -> "Lookalike":
        if raw != '{"a":1}':
            raise ValueError("a must be 1")
        return cls()

    def model_dump_json(self) -> str:
        return '{"a":1}'


def test_models_with_their_own_json_are_encoded_and_checked_by_it():
    described = kind(args_type=Lookalike)
    assert described.encode(Lookalike()) == '{"a":1}'
    assert isinstance(described.decode('{"a":1}'), Lookalike)
    with pytest.raises(InvalidArgsError, match="a must be 1"):
        described.encode({"a": 2})
