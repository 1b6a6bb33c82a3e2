"""How one class of event data becomes JSON and comes back."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from headrace.errors import ConfigurationError

DATA_ERRORS: tuple[type[Exception], ...] = (msgspec.MsgspecError, TypeError, ValueError, OverflowError)
"""What a codec raises for data that does not fit its class."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Codec:
    """The two directions; both raise one of `DATA_ERRORS`, with the path of the field where there is one."""

    encode: Callable[[Any], bytes]
    decode: Callable[[bytes | str], Any]


def codec_for(cls: type) -> Codec:
    """The codec of a msgspec structure, dataclass, attrs class or pydantic model.

    Pydantic is recognised by its methods, so that it need not be installed. Raises
    ConfigurationError for any other class, and for one with a field JSON cannot carry.
    """
    model: Any = cls
    if hasattr(model, "model_validate_json"):
        return Codec(lambda data: data.model_dump_json().encode(), model.model_validate_json)
    if not (issubclass(cls, msgspec.Struct) or dataclasses.is_dataclass(model) or hasattr(model, "__attrs_attrs__")):
        raise ConfigurationError(
            f"event class {cls.__qualname__} cannot be stored; "
            "make it a msgspec.Struct, a dataclass or a pydantic model"
        )
    try:
        return Codec(_encode, msgspec.json.Decoder(model).decode)
    except TypeError as error:
        raise ConfigurationError(f"event class {cls.__qualname__} cannot be stored: {error}") from error
