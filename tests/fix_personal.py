"""What tests of personal data share: an event class with personal fields, and an app that has keys for them."""

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
import pytest

from fix_apps import Bench, opened_bench
from headrace import KeyRing, Personal, Stream, event

FIRST_KEY, SECOND_KEY = bytes(range(32)), bytes(range(1, 33))
EMAIL = "zq-ada-secret-7@example.org"
NAME = "Zqadalovelacezq"


@event("person.met")
class PersonMet(msgspec.Struct, frozen=True, rename="camel"):
    person_id: int
    place: str
    email: Annotated[str | None, Personal("person_id")] = None
    full_name: Annotated[str, Personal("person_id", erased="(erased)")] = ""


def met(person: int = 7, **fields) -> PersonMet:
    return PersonMet(person, **{"place": "library", "email": EMAIL, "full_name": NAME, **fields})


def person(number: int = 7) -> Stream:
    return Stream("person", str(number))


@pytest.fixture
async def private(database: str) -> AsyncIterator[Bench]:
    """An open app that knows persons, on the test's database."""
    async with opened_bench(database, secret_keys=KeyRing([FIRST_KEY])) as bench:
        bench.app.register(PersonMet)
        yield bench
