"""Args and results as JSON: how they are written, and what reads them."""

import re
import typing
from collections.abc import Callable
from typing import Any, cast

import msgspec

from headrace.errors import ConfigurationError

to_json = msgspec.json.Encoder().encode
"""What msgspec knows how to write, as JSON."""
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def encode_json(value: Any) -> bytes:
    """Any JSON-ready value, Struct, dataclass or pydantic model as JSON."""
    if not isinstance(value, msgspec.Struct) and hasattr(value, "model_dump_json"):
        return cast("str", value.model_dump_json()).encode()
    return to_json(value)


def holds_nul(text: str) -> bool:
    """True where JSON text holds the character U+0000, which jsonb cannot store."""
    return "\\u0000" in text and _ESCAPED_NUL.search(text) is not None


def args_decoder(name: str, args_type: Any) -> Callable[[str], Any]:
    """What reads the args of a kind. Raises ConfigurationError for a type that JSON cannot be read into."""
    if hasattr(args_type, "model_validate_json"):
        return cast("Callable[[str], Any]", args_type.model_validate_json)
    try:
        return msgspec.json.Decoder(args_type).decode
    except TypeError as error:
        raise ConfigurationError(
            f"the args type of job kind {name!r} cannot be read from JSON: {error}; "
            "use a msgspec.Struct, a dataclass, a pydantic model or plain JSON types"
        ) from error


def result_decoder(result_type: Any) -> Callable[[str], Any]:
    """What reads a result into a type. Raises ConfigurationError for one that JSON cannot be read into."""
    if hasattr(result_type, "model_validate_json"):
        return cast("Callable[[str], Any]", result_type.model_validate_json)
    try:
        return msgspec.json.Decoder(result_type).decode
    except TypeError as error:
        raise ConfigurationError(
            f"a result cannot be read into {result_type}: {error}; "
            "use a msgspec.Struct, a dataclass, a pydantic model or plain JSON types"
        ) from error


def returned_decoder(handler: Callable[..., Any] | None) -> Callable[[str], Any]:
    """What reads the results of a handler into the type it says it returns."""
    # Whoever returns nothing may still complete with `tx.result`.
    found = None if handler is None else typing.get_type_hints(handler).get("return")
    if found is None or found is type(None):
        return msgspec.json.decode
    try:
        return result_decoder(found)
    except ConfigurationError:
        # The type is the handler's own affair until somebody asks for it.
        return msgspec.json.decode
