"""The JSON Schema of event types, and the part of it that plain SQL checks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, cast

import msgspec

from headrace.events.event import EventType
from headrace.events.personal import personal_fields

JsonSchema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_JSON_TYPES = frozenset({"null", "boolean", "object", "array", "number", "integer", "string"})


@dataclass(frozen=True, slots=True)
class Shape:
    """What can be told of data without reading deeper than their fields.

    `json_types` are the types the data may have, `fields` those of each field; None stands for any.
    `required` fields must be there; where `is_closed`, no others than `fields` may.
    """

    json_types: tuple[str, ...] | None
    fields: Mapping[str, tuple[str, ...] | None]
    required: tuple[str, ...]
    is_closed: bool


def json_schema(stamp: EventType, cls: type) -> JsonSchema:
    """The JSON Schema of an event's data (draft 2020-12), titled with the type's name, its version as `x-version`.

    A field of a type that has no schema may hold anything; a class that cannot be described at all has
    its title alone, and all data fit.
    """
    model: Any = cls
    try:
        if hasattr(model, "model_json_schema"):
            found = model.model_json_schema()
        else:
            found = msgspec.json.schema(cls, schema_hook=_anything)
    except (TypeError, ValueError):
        found = {}
    found = _with_marks(found, cls)
    return {"$schema": _DIALECT, **found, "title": stamp.name, "x-version": stamp.version}


def _with_marks(schema: JsonSchema, cls: type) -> JsonSchema:
    """The schema with `x-personal` at each personal field: the field that names its subject."""
    marks = personal_fields(cls)
    root = _resolved(schema, schema)
    if not marks or "properties" not in root:
        return schema
    properties = root["properties"]
    told = {
        name: {**properties[name], "x-personal": mark.subject} for name, mark in marks.items() if name in properties
    }
    return {
        **{name: part for name, part in schema.items() if name != "$ref"},
        **root,
        "properties": {**properties, **told},
    }


def _anything(cls: type) -> JsonSchema:
    # An empty schema would say the same, and msgspec takes it for none.
    return {"description": f"{cls.__name__}: any JSON"}


def shape(schema: JsonSchema) -> Shape:
    """The part of a schema that plain SQL checks: fewer refusals than the whole, and none it would not make."""
    root = _resolved(schema, schema)
    properties = cast("dict[str, Any]", root.get("properties", {}))
    return Shape(
        json_types=_types(root, schema),
        fields={name: _types(field, schema) for name, field in properties.items()},
        required=tuple(sorted(root.get("required", ()))),
        is_closed=root.get("additionalProperties", True) is False,
    )


def _resolved(schema: Any, root: JsonSchema) -> JsonSchema:
    """A schema behind its references; an unknown or endless one allows all."""
    for _ in range(len(root.get("$defs", ())) + 1):
        if not isinstance(schema, dict):
            return {}
        found = cast("JsonSchema", schema)
        reference = found.get("$ref")
        if reference is None:
            return found
        schema = root.get("$defs", {}).get(str(reference).removeprefix("#/$defs/"))
    return {}


def _types(schema: Any, root: JsonSchema, *, depth: int = 0) -> tuple[str, ...] | None:
    """The JSON types a schema allows, sorted; None for any."""
    found = _resolved(schema, root)
    options: Sequence[Any] | None = found.get("anyOf") or found.get("oneOf")
    if "type" in found:
        named: Any = found["type"]
        types = frozenset({named} if isinstance(named, str) else named)
        return tuple(sorted(types)) if types <= _JSON_TYPES else None
    if "const" in found:
        return (_type_of(found["const"]),)
    if "enum" in found:
        return tuple(sorted({_type_of(value) for value in found["enum"]}))
    if options is None or depth > len(root.get("$defs", ())):
        return None
    each = [_types(option, root, depth=depth + 1) for option in options]
    return None if None in each else tuple(sorted({name for one in each for name in one or ()}))


def _type_of(value: Any) -> str:
    """The JSON type of a constant; a boolean is an integer to Python, so it comes first."""
    known = {NoneType: "null", bool: "boolean", int: "integer", float: "number", str: "string", dict: "object"}
    return next((name for cls, name in known.items() if isinstance(value, cls)), "array")
