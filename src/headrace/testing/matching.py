"""Whether JSON data is what a test expects, and if not, the first thing that is not."""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import msgspec

from headrace.jobs.codec import encode_json

ANYTHING: Final = object()
"""Expects nothing in particular."""


def mismatch(expected: object, actual: Any, *, name: str) -> str | None:
    """The first difference in words, None where `actual` is as expected.

    A mapping expects its own keys and leaves others alone, at any depth; a list expects as many items,
    each in its place; a structure, dataclass or pydantic model expects all it has. A function of one
    argument expects a true answer. Anything else must be equal, itself or as JSON.
    """
    if isinstance(expected, Mapping):
        return _mapping_mismatch(cast("Mapping[str, object]", expected), actual, name)
    if isinstance(expected, list | tuple):
        return _list_mismatch(list(cast("list[object]", expected)), actual, name)
    if callable(expected) and not isinstance(expected, type):
        return _refusal(expected, actual, name)
    return None if expected is ANYTHING else _value_mismatch(expected, actual, name)


def _value_mismatch(expected: object, actual: Any, name: str) -> str | None:
    if expected == actual:
        return None
    wanted = _as_json(expected)
    if isinstance(wanted, dict):
        return _mapping_mismatch(cast("dict[str, object]", wanted), actual, name)
    return None if wanted == actual else f"{name} is {actual!r}, not {wanted!r}"


def _mapping_mismatch(expected: Mapping[str, object], actual: Any, name: str) -> str | None:
    if not isinstance(actual, dict):
        return f"{name} is {actual!r}, not an object"
    found = cast("dict[str, Any]", actual)
    for key, value in expected.items():
        if key not in found:
            return f"{name} has no {key!r}"
        difference = mismatch(value, found[key], name=f"{name}.{key}")
        if difference is not None:
            return difference
    return None


def _list_mismatch(expected: list[object], actual: Any, name: str) -> str | None:
    if not isinstance(actual, list):
        return f"{name} is {actual!r}, not a list"
    found = cast("list[Any]", actual)
    if len(found) != len(expected):
        return f"{name} has {len(found)} items, not {len(expected)}"
    differences = (
        mismatch(value, item, name=f"{name}[{place}]")
        for place, (value, item) in enumerate(zip(expected, found, strict=True))
    )
    return next((one for one in differences if one is not None), None)


def _refusal(expected: Callable[..., object], actual: Any, name: str) -> str | None:
    if expected(actual):
        return None
    return f"{name} is {actual!r}, which {getattr(expected, '__name__', repr(expected))} refuses"


def _as_json(expected: object) -> object:
    try:
        return msgspec.json.decode(encode_json(expected))
    except (msgspec.MsgspecError, TypeError, ValueError):
        return expected  # a matcher of the test's own, which has answered by == already
