"""JSON Schemas of event classes, and what plain SQL can check of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal

import msgspec
import pytest

from headrace.events.event import EventType
from headrace.events.json_schema import json_schema, shape

STAMP = EventType("order.placed", 2)


class Item(msgspec.Struct, frozen=True):
    name: str


class Colour(Enum):
    RED = "red"


class Order(msgspec.Struct, frozen=True):
    item: Item
    number: int
    price: float
    note: str | None
    at: datetime
    colour: Colour
    size: Literal["s", 1]
    parts: list[int] = []
    extra: dict[str, int] = {}
    any: object = None
    odd: complex | None = None


class Sealed(msgspec.Struct, frozen=True, tag="sealed", forbid_unknown_fields=True):
    is_new: bool


class Packed(msgspec.Struct, frozen=True, array_like=True):
    first: int


class Raw(msgspec.Struct, frozen=True):
    body: msgspec.Raw = msgspec.Raw(b"1")


@dataclass(frozen=True)
class Plain:
    item: Item
    other: Item | None = None


def test_the_schema_names_its_dialect_and_the_event_type():
    found = json_schema(STAMP, Order)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["title"] == "order.placed"
    assert found["$defs"]["Order"]["properties"]["number"] == {"type": "integer"}


def test_the_shape_has_the_json_types_of_every_field_through_references_and_unions():
    found = shape(json_schema(STAMP, Order))
    assert found.json_types == ("object",)
    assert found.fields == {
        "item": ("object",),
        "number": ("integer",),
        "price": ("number",),
        "note": ("null", "string"),
        "at": ("string",),
        "colour": ("string",),
        "size": ("integer", "string"),
        "parts": ("array",),
        "extra": ("object",),
        "any": None,
        "odd": None,
    }
    assert found.required == ("at", "colour", "item", "note", "number", "price", "size")
    assert not found.is_closed


def test_a_class_that_forbids_other_fields_is_closed_and_its_tag_is_a_field():
    found = shape(json_schema(STAMP, Sealed))
    assert found.is_closed
    assert found.fields == {"type": ("string",), "is_new": ("boolean",)}


def test_a_dataclass_and_an_array_are_described_too():
    plain = shape(json_schema(STAMP, Plain))
    assert (plain.fields, plain.required) == ({"item": ("object",), "other": ("null", "object")}, ("item",))
    assert shape(json_schema(STAMP, Packed)).json_types == ("array",)


def test_a_class_that_has_no_schema_allows_everything():
    found = shape(json_schema(STAMP, Raw))
    assert (found.json_types, found.fields, found.required, found.is_closed) == (None, {}, (), False)


def test_a_pydantic_model_is_described_by_itself():
    pydantic = pytest.importorskip("pydantic")

    class Model(pydantic.BaseModel):
        name: str
        age: int | None = None

    found = shape(json_schema(STAMP, Model))
    assert (found.fields, found.required) == ({"name": ("string",), "age": ("integer", "null")}, ("name",))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}},
        {"$ref": "#/$defs/missing"},
        {"anyOf": [{"type": "string"}, {}]},
        {"$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}]}}, "$ref": "#/$defs/A"},
        {"type": "no such type"},
    ],
)
def test_what_cannot_be_read_allows_everything(schema):
    assert shape(schema).json_types is None
