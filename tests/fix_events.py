"""What tests of events share: event classes, a registry that knows them, and a pool."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from headrace.db.pool import ConnectionPool
from headrace.events.event import ANY, NewEvent, Stream, event
from headrace.events.prepare import prepare
from headrace.events.schema import EventRegistry


@event("contact.created")
class ContactCreated(msgspec.Struct, frozen=True):
    name: str


@event("contact.renamed")
class ContactRenamed(msgspec.Struct, frozen=True):
    name: str


@event("note.taken")
class NoteTaken(msgspec.Struct, frozen=True):
    text: str


def known_events() -> EventRegistry:
    """A registry of the three classes above."""
    registry = EventRegistry()
    for cls in (ContactCreated, ContactRenamed, NoteTaken):
        registry.register(cls)
    return registry


def new(data: object, *, stream: str | None = None, expected: int = ANY, **options) -> NewEvent:
    """An event of a contact's stream (or of none), ready to append."""
    chosen = None if stream is None else Stream("contact", stream)
    return prepare(known_events(), data, source="tests", stream=chosen, expected=expected, **options)


@pytest.fixture
def registry() -> EventRegistry:
    return known_events()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[ConnectionPool]:
    """An open pool on the test's database."""
    pool = ConnectionPool(database, size=10)
    await pool.open()
    yield pool
    await pool.close()
