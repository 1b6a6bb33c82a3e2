import math
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import ConfigurationError, InvalidEventError, UnknownEventError
from headrace.events.event import event, event_type
from headrace.events.schema import EventRegistry


@event("order.placed", version=3)
class OrderPlaced(msgspec.Struct, frozen=True):
    customer: str
    total: float
    placed_at: datetime | None = None


@event("order.shipped")
@dataclass(frozen=True, slots=True)
class OrderShipped:
    tracking: str
    boxes: int


class Model:
    """Stands for a pydantic model: known by its two methods alone."""

    def __init__(self, text: str) -> None:
        self.text = text

    def model_dump_json(self) -> str:
        return msgspec.json.encode({"text": self.text}).decode()

    @classmethod
    def model_validate_json(cls, raw: bytes | str) -> "Model":
        return cls(msgspec.json.decode(raw)["text"])


@pytest.fixture
def registry() -> EventRegistry:
    registry = EventRegistry()
    registry.register(OrderPlaced)
    registry.register(OrderShipped)
    return registry


def test_a_structure_comes_back_as_it_was_stored(registry):
    placed = OrderPlaced("Ada", 12.5, datetime(2026, 1, 2, tzinfo=UTC))

    name, version, data = registry.encode(placed)

    assert (name, version) == ("order.placed", 3)
    assert registry.decode(name, version, data) == placed


def test_a_dataclass_comes_back_as_it_was_stored(registry):
    shipped = OrderShipped("A-1", 2)
    assert registry.decode(*registry.encode(shipped)) == shipped


def test_a_pydantic_model_is_stored_by_its_own_methods(registry):
    marked = event("note.taken")(Model)
    registry.register(marked)
    assert registry.decode(*registry.encode(Model("hello"))).text == "hello"


@given(st.text(), st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_every_text_and_integer_comes_back_or_is_refused_by_name(tracking, boxes):
    registry = EventRegistry()
    registry.register(OrderShipped)
    shipped = OrderShipped(tracking, boxes)
    if "\0" in tracking:
        with pytest.raises(InvalidEventError, match=r"order\.shipped.*NUL"):
            registry.encode(shipped)
    else:
        assert registry.decode(*registry.encode(shipped)) == shipped


def test_a_backslash_before_u0000_is_text_and_no_nul(registry):
    shipped = OrderShipped("\\u0000", 1)
    assert registry.decode(*registry.encode(shipped)) == shipped


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (OrderShipped("A-1", "two"), r"\$\.boxes"),
        (OrderPlaced("Ada", math.nan), r"\$\.total"),
        (OrderPlaced(7, 1.0), r"\$\.customer"),
        (OrderShipped("\ud800", 1), "surrogates"),
    ],
)
def test_data_that_does_not_fit_its_class_is_refused_with_its_field(registry, data, field):
    with pytest.raises(InvalidEventError, match=field):
        registry.encode(data)


def test_data_over_the_size_cap_is_refused_with_both_sizes():
    registry = EventRegistry(max_bytes=100)
    registry.register(OrderShipped)
    with pytest.raises(InvalidEventError, match=r"\d+ bytes of JSON, at most 100 are kept"):
        registry.encode(OrderShipped("x" * 100, 1))


def test_a_class_that_was_not_registered_is_unknown():
    with pytest.raises(UnknownEventError, match=r"order\.shipped"):
        EventRegistry().encode(OrderShipped("A-1", 1))


def test_a_stored_type_that_was_not_registered_is_unknown(registry):
    with pytest.raises(UnknownEventError, match=r"order\.lost"):
        registry.decode("order.lost", 1, "{}")


def test_old_data_is_brought_up_one_version_at_a_time(registry):
    registry.upcast("order.placed", 1, lambda old: {"client": old["who"], "total": old["total"]})
    registry.upcast("order.placed", 2, lambda old: {"customer": old["client"], "total": old["total"] / 100})

    assert registry.decode("order.placed", 1, '{"who": "Ada", "total": 1250}') == OrderPlaced("Ada", 12.5)
    assert registry.decode("order.placed", 2, '{"client": "Ada", "total": 1250}') == OrderPlaced("Ada", 12.5)


def test_a_missing_step_is_named_with_what_to_write(registry):
    registry.upcast("order.placed", 1, lambda old: old)
    with pytest.raises(InvalidEventError, match=r"no step from 2 .*registry\.upcast\('order\.placed', 2"):
        registry.decode("order.placed", 1, "{}")


def test_data_newer_than_the_class_is_refused(registry):
    with pytest.raises(InvalidEventError, match="version 4, this program knows 3"):
        registry.decode("order.placed", 4, "{}")


def test_a_second_class_for_a_type_is_refused_and_the_same_class_is_not(registry):
    registry.register(OrderShipped)

    @event("order.shipped")
    class Other(msgspec.Struct):
        pass

    with pytest.raises(ConfigurationError, match="already registered as OrderShipped"):
        registry.register(Other)


def test_a_class_without_fields_to_store_is_refused(registry):
    @event("order.odd")
    class Odd:
        pass

    with pytest.raises(ConfigurationError, match=r"make it a msgspec\.Struct"):
        registry.register(Odd)


def test_a_subclass_does_not_inherit_the_type_of_its_parent():
    class Special(OrderPlaced, frozen=True):
        pass

    with pytest.raises(UnknownEventError, match="Special"):
        event_type(Special)


@pytest.mark.parametrize("name", ["", "has blank", "x" * 201, ".leading"])
def test_names_that_are_none_are_refused(name):
    with pytest.raises(ConfigurationError, match="is no name"):
        event(name)


def test_a_version_below_one_is_refused():
    with pytest.raises(ConfigurationError, match="at least 1, got 0"):
        event("order.placed", version=0)
