"""Which fields are personal, and marks that would not be heeded."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
import pytest

from headrace import ConfigurationError, InvalidEventError, KeyRing, Personal, SecretKeyError, event
from headrace.events.event import EventType
from headrace.events.json_schema import json_schema
from headrace.events.personal import personal_fields, subjects_of
from headrace.events.schema import EventRegistry

Email = Annotated[str | None, Personal("who")]


class Plain(msgspec.Struct):
    who: str


class Marked(msgspec.Struct, rename="camel"):
    person_id: str
    work_email: Annotated[str | None, Personal("person_id")] = None


@dataclass
class Inside:
    who: str
    many: list[Annotated[str, Personal("who", erased=[])]] | None = None


class Deep(msgspec.Struct):
    who: str
    inner: list[Marked]


class Loose(msgspec.Struct):
    email: Email


class Circular(msgspec.Struct):
    email: Annotated[str, Personal("name")]
    name: Annotated[str, Personal("email")]


class Positional(msgspec.Struct, array_like=True):
    who: str
    email: Email


def test_fields_are_found_by_their_names_in_json_and_however_deep_in_an_annotation():
    assert personal_fields(Plain) == {}
    assert personal_fields(Marked) == {"workEmail": Personal("personId")}
    assert personal_fields(Inside) == {"many": Personal("who", erased=[])}


@pytest.mark.parametrize(
    ("cls", "complaint"),
    [
        (Deep, "lies inside another"),
        (Loose, "must be another field"),
        (Circular, "not personal"),
        (Positional, "array_like"),
    ],
)
def test_a_mark_that_would_not_be_heeded_is_refused(cls, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        personal_fields(cls)


@pytest.mark.parametrize("subject", ["null", '""', "true", "[1]"])
def test_a_value_of_nobody_is_refused(subject):
    raw = f'{{"who": {subject}, "email": "a"}}'.encode()
    with pytest.raises(InvalidEventError, match="does not say whose"):
        subjects_of("met", raw, {"email": Personal("who")})
    assert subjects_of("met", b'{"who": 7, "email": "a"}', {"email": Personal("who")}) == {"email": "7"}
    assert subjects_of("met", b'{"who": null, "email": null}', {"email": Personal("who")}) == {}


def test_a_field_that_could_not_be_read_once_erased_is_refused_when_it_is_appended():
    @event("met")
    class Met(msgspec.Struct):
        who: str
        email: Annotated[str, Personal("who")]

    registry = EventRegistry()
    registry.register(Met)
    registry.sealer = object()
    with pytest.raises(InvalidEventError, match="once its subject is erased"):
        registry.personal_data(registry.known(Met), registry.encode(Met("7", "a@b")).data)


def test_what_looks_sealed_is_refused():
    @event("met")
    class Met(msgspec.Struct):
        who: str
        email: Email
        more: dict[str, str]

    registry = EventRegistry()
    registry.register(Met)
    with pytest.raises(InvalidEventError, match="stands for sealed values"):
        registry.encode(Met("7", None, {"$personal": "x"}))


def test_the_schema_tells_what_is_personal_and_whose():
    schema = json_schema(EventType("met", 1), Marked)
    assert schema["properties"]["workEmail"]["x-personal"] == "personId"
    assert "x-personal" not in schema["properties"]["personId"]


OLD, NEW = bytes(32), bytes([1]) * 32


def test_a_ring_opens_what_any_of_its_keys_sealed_and_seals_with_the_first():
    sealed = KeyRing([OLD]).seal(b"secret", context=b"here")
    both = KeyRing([NEW, OLD])
    assert both.open(sealed, context=b"here") == b"secret"
    assert (both.is_current(sealed), KeyRing([OLD]).is_current(sealed)) == (False, True)
    rotated = both.rotate(sealed, context=b"here")
    assert both.rotate(rotated, context=b"here") == rotated
    assert KeyRing([NEW]).open(rotated, context=b"here") == b"secret"
    with pytest.raises(SecretKeyError, match="not on the ring"):
        KeyRing([NEW]).open(sealed, context=b"here")


@pytest.mark.parametrize("place", [17, -1])
def test_what_was_changed_or_belongs_elsewhere_does_not_open(place):
    ring = KeyRing([NEW])
    sealed = bytearray(ring.seal(b"secret", context=b"here"))
    with pytest.raises(SecretKeyError, match="changed"):
        ring.open(bytes(sealed), context=b"there")
    sealed[place] ^= 1
    with pytest.raises(SecretKeyError, match="changed"):
        ring.open(bytes(sealed), context=b"here")
    with pytest.raises(SecretKeyError):
        ring.open(b"", context=b"here")


@pytest.mark.parametrize("text", ["", "no base64!", "c2hvcnQ="])
def test_keys_that_are_none_are_refused_and_not_shown(text):
    with pytest.raises(ConfigurationError) as caught:
        KeyRing.from_text(text)
    assert not text or text not in str(caught.value)
