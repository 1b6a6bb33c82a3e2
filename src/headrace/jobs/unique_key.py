"""The key of a unique job: as given, or made of its args."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, cast, get_args

import msgspec

from headrace.errors import ConfigurationError
from headrace.jobs.duration import require_duration
from headrace.jobs.job import OnConflict, Scope, Unique
from headrace.jobs.text import is_storable

_LONGEST_KEY = 1_000
_LONGEST_PLAIN = 200


def resolve(unique: Unique, args: str) -> Unique:
    """The same with its key told, `args` being the job's as JSON. Raises ConfigurationError for what cannot be meant.

    A key made of args is their JSON, names in order; of a longer one its SHA-256.
    """
    if not isinstance(cast("object", unique), Unique):
        raise ConfigurationError(f"unique must be a Unique, got {unique!r:.50}; write Unique(key)")
    if unique.scope not in get_args(Scope):
        raise ConfigurationError(f"scope of a unique key must be waiting or alive, got {unique.scope!r}")
    if unique.on_conflict not in get_args(OnConflict):
        raise ConfigurationError(f"on_conflict must be skip, replace or debounce, got {unique.on_conflict!r}")
    if isinstance(unique.by, str):
        raise ConfigurationError(f"by must be a tuple of names, got {unique.by!r}; write by=({unique.by!r},)")
    require_duration(unique.max_wait, name="max_wait of a unique key")
    if unique.window is not None:
        require_duration(unique.window, name="the window of a unique key")
        if not unique.window:
            raise ConfigurationError("the window of a unique key must be above 0; leave it out for none")
    if unique.key is None:
        return replace(unique, key=_of_args(unique.by, args))
    if unique.by:
        raise ConfigurationError(
            f"a unique key is given or made of args, not both: got key={unique.key!r} and by={unique.by}"
        )
    _require_storable(unique.key)
    return unique


def _require_storable(key: str) -> None:
    if not is_storable(key, longest=_LONGEST_KEY):
        raise ConfigurationError(
            f"a unique key has 1 to {_LONGEST_KEY} characters, without U+0000 and lone surrogates, got {key!r:.50}"
        )


def _of_args(names: tuple[str, ...], args: str) -> str:
    value = msgspec.json.decode(args)
    if names:
        value = _chosen(names, value)
    text = msgspec.json.encode(value, order="sorted").decode()
    return text if len(text) <= _LONGEST_PLAIN else f"sha256:{sha256(text.encode()).hexdigest()}"


def _chosen(names: tuple[str, ...], value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"by={names} names fields of the args, which are no JSON object but {value!r:.50}")
    fields = cast("Mapping[str, Any]", value)
    missing = [name for name in names if name not in fields]
    if missing:
        raise ConfigurationError(
            f"by={names} names {', '.join(map(repr, missing))}, which the args do not have; "
            f"they have {', '.join(map(repr, fields)) or 'none'}"
        )
    return {name: fields[name] for name in names}
