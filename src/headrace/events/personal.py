"""Personal fields of events: which they are, and how their values stand sealed in the stored JSON."""

import base64
import hashlib
import hmac
import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from headrace.errors import ConfigurationError, InvalidEventError
from headrace.keyring import cipher, decrypted

if TYPE_CHECKING:
    from headrace.events.event import NewEvent

MARK = "$personal"
"""The one key of the object that stands in for a personal value."""

_BEGIN = b'{"$personal":'
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field as personal: `email: Annotated[str | None, Personal("contact_id")]`.

    `subject` names the field that says whose it is, an id as text or a number. `erased` is what the field
    is read as once the subject is erased; it must fit the field.
    """

    subject: str
    erased: Any = None


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """The key of one subject, and who that is; `key` None where the subject is erased."""

    id: int
    tenant_id: str
    subject: str
    key: bytes | None


class Sealer(Protocol):
    """Replaces the personal values of events about to be stored; may write the keys of new subjects."""

    async def seal(self, connection: Any, events: "Sequence[NewEvent]") -> "list[NewEvent]": ...
    async def open(self, connection: Any, rows: Sequence[Any]) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What is personal of one event: the subject of each field, by the field's name in JSON."""

    subjects: Mapping[str, str]
    erased: Mapping[str, Any]
    sealer: Sealer


class _Token(msgspec.Struct, frozen=True):
    key: int | None
    erased: Any = None
    value: str | None = None


def personal_fields(cls: type) -> dict[str, Personal]:
    """The personal fields of an event class by their names in JSON.

    Raises ConfigurationError for a mark that would not be heeded: deeper in the data, or in a class whose data is
    no JSON object; and for a subject that is no field, or personal itself.
    """
    marks = _marks(cls, frozenset())
    if not marks:
        return {}
    renamed = _names(cls)
    nested = [name for name in marks if "." in name]
    if nested:
        raise ConfigurationError(
            f"field {nested[0]} of event class {cls.__qualname__} is personal and lies inside another; "
            "mark the outer field, its whole value is encrypted"
        )
    if getattr(getattr(cls, "__struct_config__", None), "array_like", False):
        raise ConfigurationError(
            f"event class {cls.__qualname__} has personal fields and is array_like; make it an object"
        )
    for name, mark in marks.items():
        if mark.subject not in renamed or mark.subject in marks:
            raise ConfigurationError(
                f"the subject of field {name} of event class {cls.__qualname__} must be another field of it, one "
                f"that is not personal, got {mark.subject!r}"
            )
    return {renamed[name]: Personal(renamed[mark.subject], mark.erased) for name, mark in marks.items()}


def subjects_of(name: str, raw: bytes, fields: Mapping[str, Personal]) -> dict[str, str]:
    """Whose the personal values of an event's JSON are; fields that are absent or null are nobody's.

    Raises InvalidEventError for a value whose subject is not told.
    """
    data = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    found: dict[str, str] = {}
    for field, mark in fields.items():
        if field not in data or bytes(data[field]) == b"null":
            continue
        subject = msgspec.json.decode(data.get(mark.subject, msgspec.Raw(b"null")))
        if not isinstance(subject, str | int) or isinstance(subject, bool) or subject == "":
            raise InvalidEventError(
                name, f"field {field} is personal, and {mark.subject} does not say whose; give it an id"
            )
        found[field] = str(subject)
    return found


def masked(raw: bytes, fields: Mapping[str, Personal]) -> bytes:
    """An event's JSON as it is read once all its subjects are erased."""
    data = msgspec.json.decode(raw, type=dict[str, Any])
    return msgspec.json.encode({name: fields[name].erased if name in fields else value for name, value in data.items()})


def sealed(new: "NewEvent", keys: Mapping[str, SubjectKey]) -> str:
    """The JSON of an event with its personal values encrypted, each under its subject's key.

    The nonce is made of the value and its place by a keyed hash, so an event that is appended again under its id
    is the same text again; nothing else has that nonce. A value of an erased subject is left out for good.
    """
    personal = new.personal
    assert personal is not None  # noqa: S101 - only such events come here
    data = msgspec.json.decode(new.data, type=dict[str, msgspec.Raw])
    for field, subject in personal.subjects.items():
        known, erased = keys[subject], personal.erased[field]
        if known.key is None:
            token: dict[str, Any] = {"key": None, "erased": erased}
        else:
            value, context = bytes(data[field]), _context(known, new.id, new.type, field)
            nonce = hmac.digest(_derived(known.key, b"nonce"), context + b"\0" + value, hashlib.sha256)[:_NONCE_BYTES]
            body = nonce + cipher(_derived(known.key, b"value")).encrypt(nonce, value, context)
            token = {"key": known.id, "erased": erased, "value": base64.b64encode(body).decode()}
        data[field] = msgspec.Raw(msgspec.json.encode({MARK: token}))
    return msgspec.json.encode(data).decode()


def key_ids(data: str) -> set[int]:
    """The keys that the sealed values of stored JSON are under."""
    return {token.key for _, token in _tokens(_fields(data)) if token.key is not None}


def opened(data: str, *, event_id: Any, name: str, keys: Mapping[int, SubjectKey]) -> str:
    """Stored JSON with its personal values in clear, and those of erased subjects as they are declared.

    What has the form of a sealed value and does not open under its key is no work of ours, and stays.
    """
    fields = _fields(data)
    for field, token in list(_tokens(fields)):
        known = None if token.key is None else keys.get(token.key)
        if known is None or known.key is None:
            fields[field] = msgspec.Raw(msgspec.json.encode(token.erased))
            continue
        body = base64.b64decode(token.value or "")
        context = _context(known, event_id, name, field)
        value = decrypted(cipher(_derived(known.key, b"value")), body[:_NONCE_BYTES], body[_NONCE_BYTES:], context)
        if value is not None:
            fields[field] = msgspec.Raw(value)
    return msgspec.json.encode(fields).decode()


def _fields(data: str) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        return {}  # no object: nothing in it is sealed


def _tokens(fields: Mapping[str, msgspec.Raw]) -> typing.Iterator[tuple[str, _Token]]:
    for field, raw in fields.items():
        if bytes(raw).replace(b" ", b"", 1).startswith(_BEGIN):
            try:
                yield field, msgspec.json.decode(raw, type=dict[str, _Token])[MARK]
            except (msgspec.MsgspecError, KeyError):
                continue


def _derived(key: bytes, use: bytes) -> bytes:
    return hmac.digest(key, b"headrace " + use, hashlib.sha256)


def _context(known: SubjectKey, event_id: Any, name: str, field: str) -> bytes:
    return "\x1f".join((known.tenant_id, known.subject, str(event_id), name, field)).encode()


def _marks(cls: type, seen: frozenset[type]) -> dict[str, Personal]:
    """The marks of a class's fields, those of classes inside by a path with dots."""
    if cls in seen or not inspect.isclass(cls):
        return {}
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except (NameError, TypeError) as error:
        if "Personal" in str(getattr(cls, "__annotations__", "")):
            raise ConfigurationError(f"the fields of {cls.__qualname__} cannot be read: {error}") from error
        return {}
    found: dict[str, Personal] = {}
    for name, hint in hints.items():
        mark, inner = _look(hint)
        if mark is not None:
            found[name] = mark
            continue
        for one in inner:
            found |= {f"{name}.{deeper}": mark for deeper, mark in _marks(one, seen | {cls}).items()}
    return found


def _look(hint: Any) -> tuple[Personal | None, list[type]]:
    """The mark of an annotation, however deep in its unions and containers; and the classes named in it."""
    mark = next((one for one in getattr(hint, "__metadata__", ()) if isinstance(one, Personal)), None)
    inner: list[type] = []
    if inspect.isclass(hint) and not isinstance(hint, types.GenericAlias) and hint.__module__ != "builtins":
        inner.append(hint)
    for part in typing.get_args(hint):
        found, classes = _look(part)
        mark = mark or found
        inner += classes
    return mark, inner


def _names(cls: type) -> dict[str, str]:
    """The names that a class's fields have in JSON."""
    model: Any = cls
    if hasattr(model, "__struct_fields__"):
        return dict(zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True))
    return {name: name for name in typing.get_type_hints(cls)}
