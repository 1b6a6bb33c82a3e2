"""A fold of one stream: a pure function from a state and an event to the state after it."""

import hashlib
import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from headrace.errors import ConfigurationError
from headrace.events.codec import DATA_ERRORS, codec_for
from headrace.events.event import EventType, StoredEvent
from headrace.events.json_schema import json_schema

_MOST_CHARACTERS = 200

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class FoldedStream(Generic[S]):
    """What a stream has come to: the state, and the version of the last event that was looked at, 0 for none.

    The version is what `append(..., expected=version)` wants.
    """

    state: S
    version: int


class StreamFold(Generic[S]):
    """What `app.fold(...)` makes of a function; called with a state and an event it gives the state after it.

    A stream begins with `state_type()`. `fingerprint` is of the class's JSON Schema and of the types of events with
    their versions: it changes with fields and their types, and not with what they mean, which `version` is for.
    Raises ConfigurationError where the class cannot be stored as JSON, has a field without a default or cannot be
    compared, or the function is asynchronous.
    """

    def __init__(
        self,
        name: str,
        types: Collection[EventType],
        state_type: type[S],
        evolve: Callable[[S, StoredEvent], S],
        *,
        version: int = 1,
        snapshot_every: int | None = None,
    ) -> None:
        if not 1 <= len(name) <= _MOST_CHARACTERS:
            raise ConfigurationError(f"the name of a fold has 1 to {_MOST_CHARACTERS} characters, got {len(name)}")
        if version < 1 or (snapshot_every is not None and snapshot_every < 1):
            raise ConfigurationError(
                f"fold {name!r}: version and snapshot_every must be at least 1, got {version} and {snapshot_every}"
            )
        if inspect.iscoroutinefunction(evolve):
            raise ConfigurationError(f"fold {name!r} must be a plain function: it may be called again at any time")
        self.name = name
        self.types = frozenset(one.name for one in types)
        self.state_type = state_type
        self.version = version
        self.snapshot_every = snapshot_every
        self.fingerprint = _fingerprint(name, types, state_type)
        self._evolve = evolve
        self._codec = codec_for(state_type)
        try:
            first, again = state_type(), state_type()
        except (TypeError, ValueError) as error:
            raise ConfigurationError(
                f"state {state_type.__qualname__} of fold {name!r} needs a default for every field, as a stream begins "
                f"with it: {error}"
            ) from error
        if first != again:
            raise ConfigurationError(
                f"two new states {state_type.__qualname__} of fold {name!r} are not equal; "
                "give the class an __eq__ that compares fields, and fields plain defaults"
            )

    def __call__(self, state: S, event: StoredEvent) -> S:
        after: Any = self._evolve(state, event)
        if not isinstance(after, self.state_type):
            raise ConfigurationError(
                f"fold {self.name!r} must return a {self.state_type.__qualname__} after {event.type!r}, "
                f"got {type(after).__qualname__}; return the state where nothing changes"
            )
        return after

    def encode(self, state: S) -> str:
        """A state as JSON that can be read back as just this state; raises ConfigurationError where it cannot."""
        try:
            raw = self._codec.encode(state)
            is_same = self._codec.decode(raw) == state
        except DATA_ERRORS as error:
            raise ConfigurationError(f"a state of fold {self.name!r} cannot be kept: {error}") from error
        if not is_same:
            raise ConfigurationError(
                f"a state of fold {self.name!r} comes back from JSON as another one; "
                "give its fields types that say what they hold, or leave snapshot_every out"
            )
        return raw.decode()

    def decode(self, raw: str) -> S | None:
        """A state that was kept; None where it does not fit the class, which its schema does not tell wholly."""
        try:
            return self._codec.decode(raw)
        except DATA_ERRORS:
            return None


def _fingerprint(name: str, types: Collection[EventType], state_type: type) -> str:
    told = [json_schema(EventType(name, 1), state_type), sorted((one.name, one.version) for one in types)]
    return hashlib.sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()
