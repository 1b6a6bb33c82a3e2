"""What tests of replays share: an app whose handlers begin at the head, so that history comes by replay alone."""

from collections.abc import Callable

import pytest

from fix_apps import Bench
from fix_events import ContactCreated, ContactRenamed, NoteTaken, known_events, new
from headrace import Headrace
from headrace.events.head import Head
from headrace.events.store import append
from headrace.telemetry import Telemetry


async def fill(pool, *events) -> None:
    """Appends events and lets the head pass them."""
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, list(events))
    head = Head(pool, telemetry=Telemetry())
    await head.run_once()
    await head.stop()


@pytest.fixture
async def history(bench: Bench) -> Headrace:
    """The bench's app, with ten notes in its log and a table for what handlers write."""
    app = bench.app
    assert known_events().types == {"contact.created", "contact.renamed", "note.taken"}
    app.register(ContactCreated, ContactRenamed, NoteTaken)
    async with app.pool.acquire() as connection:
        await connection.execute("CREATE TABLE copy (position bigint NOT NULL, text text NOT NULL)")
    await fill(app.pool, *(new(NoteTaken(str(number)), stream=str(number % 2)) for number in range(10)))
    return app


@pytest.fixture
def copied(bench: Bench) -> Callable:
    """The texts that `copy` holds, in the order they were written."""

    async def read() -> list[str]:
        async with bench.app.pool.acquire() as connection:
            return [row[0] for row in await connection.fetch("SELECT text FROM copy ORDER BY ctid")]

    return read
