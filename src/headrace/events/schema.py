"""The registry of event types: encodes, validates, and brings old versions up to date."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import msgspec

from headrace.errors import ConfigurationError, InvalidEventError, UnknownEventError
from headrace.events.codec import DATA_ERRORS, Codec, codec_for
from headrace.events.event import EventType, event_type
from headrace.events.event_class import CLASSES, require_class
from headrace.events.middleware import EventMiddleware
from headrace.events.personal import MARK, Personal, PersonalData, Sealer, masked, personal_fields, subjects_of

MAX_BYTES = 1024 * 1024

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""A pure function from the data of one version to the data of the next."""

_MARK = MARK.encode()

# jsonb cannot hold the character NUL; an escaped backslash before "u0000" is no NUL.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

T = TypeVar("T")


class Encoded(NamedTuple):
    """Event data as it is stored: JSON text of one version of one type."""

    type: str
    version: int
    data: str


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """A registered type. `encode` makes JSON of its data and checks it as `EventRegistry.encode` does."""

    name: str
    cls: type
    version: int
    codec: Codec
    retention: str
    personal: dict[str, Personal]
    encode: Callable[[object], bytes]


class EventRegistry:
    """The event types an application knows. Each application has its own.

    `max_bytes` bounds the JSON of one event; larger things belong elsewhere, with a reference here.
    `classes` are the retention classes there are.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES, classes: Collection[str] = CLASSES) -> None:
        if max_bytes < 1:
            raise ConfigurationError(f"max_bytes must be at least 1, got {max_bytes}")
        self._max_bytes = max_bytes
        self._classes = frozenset(classes)
        self._types: dict[str, KnownEvent] = {}
        self._by_class: dict[type, KnownEvent] = {}
        self._upcasters: dict[tuple[str, int], Upcaster] = {}
        self.sealer: Sealer | None = None
        """What seals personal values, where an application has it; asked only once a type has some."""
        self.has_personal = False
        self.middleware = EventMiddleware()
        """What the application runs around its events."""
        self.on_append: Callable[[Any], Any] | None = None
        """What sees each event before it is stored, and gives the one to store; for tracing."""

    @property
    def types(self) -> frozenset[str]:
        """The names of all types registered."""
        return frozenset(self._types)

    def classes(self) -> list[tuple[EventType, type]]:
        """Every type registered with the version and class it has here, by name."""
        return [
            (EventType(name, known.version, known.retention), known.cls) for name, known in sorted(self._types.items())
        ]

    def register(self, cls: type[T]) -> type[T]:
        """Adds a class marked with `@event`; adding the same class again changes nothing.

        Raises UnknownEventError without the mark, ConfigurationError where the type already has
        another class, or a retention class that is not there or not for it.
        """
        stamp = event_type(cls)
        require_class(stamp, self._classes)
        known = self._types.get(stamp.name)
        if known is not None and known.cls is not cls:
            raise ConfigurationError(
                f"event {stamp.name!r} is already registered as {known.cls.__qualname__}, not "
                f"{cls.__qualname__}; a type has one class, older data is brought up to it by upcast(...)"
            )
        personal = personal_fields(cls)
        codec = codec_for(cls)
        encode = self._checked(stamp.name, codec)
        known = KnownEvent(stamp.name, cls, stamp.version, codec, stamp.retention, personal, encode)
        self._types[stamp.name] = self._by_class[cls] = known
        self.has_personal = self.has_personal or bool(personal)
        return cls

    def upcast(self, name: str, from_version: int, function: Upcaster) -> None:
        """Adds the step from one stored version of a type to the next; steps are chained on reading."""
        if from_version < 1:
            raise ConfigurationError(f"upcast of {name!r} starts at version 1 or later, got {from_version}")
        if (name, from_version) in self._upcasters:
            raise ConfigurationError(f"event {name!r} already has an upcast from version {from_version}")
        self._upcasters[name, from_version] = function

    def encode(self, data: object) -> Encoded:
        """Event data as JSON text, checked by reading it back as its class.

        Reading back catches what encoding lets pass: fields of the wrong type, NaN, numbers out of
        range. Raises UnknownEventError for a class not registered, InvalidEventError for data that
        does not fit, holds NUL characters or is larger than `max_bytes`.
        """
        known = self.known(type(data))
        return Encoded(known.name, known.version, known.encode(data).decode())

    def known(self, cls: type) -> KnownEvent:
        """What is known of a class of event data; raises UnknownEventError for one that is not registered."""
        found = self._by_class.get(cls)
        if found is None:
            raise UnknownEventError(event_type(cls).name)
        return found

    def decode(self, name: str, version: int, data: str) -> object:
        """Stored JSON as an object of the class registered for its type, upcast where it is older.

        Raises UnknownEventError for a type not registered, InvalidEventError where the data does not
        fit, is of a newer version than the class, or a step of the upcast is missing.
        """
        known = self._types.get(name)
        if known is None:
            raise UnknownEventError(name)
        try:
            if version == known.version:
                return known.codec.decode(data)
            return known.codec.decode(self._upcast(name, version, known.version, data))
        except DATA_ERRORS as error:
            raise InvalidEventError(name, f"stored version {version}: {error}") from error

    def personal_of(self, name: str) -> dict[str, Personal]:
        """The personal fields of a type by their names in JSON."""
        return self._types[name].personal

    def personal_data(self, known: KnownEvent, encoded: str) -> PersonalData:
        """What is personal of an event of a type with personal fields, and whose.

        Raises InvalidEventError where the event could not be read once its subject is erased, or a value is
        nobody's.
        """
        name, raw = known.name, encoded.encode()
        if self.sealer is None:
            raise ConfigurationError(f"event {name!r} has personal fields, and this registry belongs to no application")
        try:
            known.codec.decode(masked(raw, known.personal))
        except DATA_ERRORS as error:
            raise InvalidEventError(
                name,
                f"it could not be read once its subject is erased: {error}; "
                "let the field be None, or give Personal(erased=...)",
            ) from error
        erased = {field: mark.erased for field, mark in known.personal.items()}
        return PersonalData(subjects_of(name, raw, known.personal), erased, self.sealer)

    def _checked(self, name: str, codec: Codec) -> Callable[[object], bytes]:
        encode, decode, max_bytes = codec.encode, codec.decode, self._max_bytes

        def checked(data: object) -> bytes:
            try:
                raw = encode(data)
                decode(raw)
            except DATA_ERRORS as error:
                raise InvalidEventError(name, str(error)) from error
            if len(raw) > max_bytes:
                raise InvalidEventError(
                    name,
                    f"{len(raw)} bytes of JSON, at most {max_bytes} are kept; "
                    "store the large part elsewhere and its reference here",
                )
            if self.has_personal and _MARK in raw:
                raise InvalidEventError(name, f"it holds {MARK!r}, which stands for sealed values; name it otherwise")
            if b"\\u0000" in raw and _NUL.search(raw):
                raise InvalidEventError(name, "it has a NUL character, which PostgreSQL cannot keep; remove it")
            return raw

        return checked

    def _upcast(self, name: str, version: int, current: int, data: str) -> bytes:
        if version > current:
            raise InvalidEventError(
                name,
                f"it is stored in version {version}, this program knows {current}; run the newer program",
            )
        fields = msgspec.json.decode(data)
        for step in range(version, current):
            function = self._upcasters.get((name, step))
            if function is None:
                raise InvalidEventError(
                    name,
                    f"it is stored in version {version}, the class is version {current}, and no step from "
                    f"{step} is known; add registry.upcast({name!r}, {step}, function)",
                )
            fields = function(fields)
        return msgspec.json.encode(fields)
