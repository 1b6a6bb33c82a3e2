"""Wake-ups for what was written in transactions that callers commit."""

import asyncio

import pytest

from fix_apps import eventually
from headrace.adapters.asyncpg import CommitWatch


class Heard(list[str]):
    """The channels announced, and a way to wait for the next."""

    def __init__(self):
        super().__init__()
        self._one = asyncio.Event()

    def __call__(self, channel):
        self.append(channel)
        self._one.set()

    async def one(self):
        await asyncio.wait_for(self._one.wait(), 10)
        self._one.clear()


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def watch(heard):
    made = CommitWatch(heard)
    yield made
    made.close()


async def test_it_is_announced_once_when_the_transaction_has_ended(watch, heard, connection):
    async with connection.transaction():
        for _ in range(3):
            watch.add(connection, ["jobs", "events"], of=connection)
    await heard.one()
    assert sorted(heard) == ["events", "jobs"]


async def test_nothing_is_announced_while_the_one_transaction_is_open(watch, heard, connection):
    async with connection.transaction():
        watch.add(connection, ["jobs"], of=connection)
        for _ in range(4):
            before = watch.looked_at
            await eventually(lambda before=before: watch.looked_at > before)
        assert heard == []
    await heard.one()


async def test_a_connection_that_is_always_in_a_transaction_is_announced_all_the_same(watch, heard, connection):
    """Between two looks one transaction may have ended and the next begun."""
    async with connection.transaction():
        watch.add(connection, ["jobs"], of=connection)
    async with connection.transaction():
        watch.add(connection, ["jobs"], of=connection)
        await heard.one()
        assert connection.is_in_transaction()
        watch.add(connection, ["jobs"], of=connection)
    await heard.one()
    assert heard == ["jobs", "jobs"]


async def test_a_closed_connection_has_ended_its_transaction(watch, heard, connection):
    await connection.execute("BEGIN")
    watch.add(connection, ["jobs"], of=connection)
    connection.terminate()
    await heard.one()
    assert heard == ["jobs"]


async def test_closing_announces_what_is_left(watch, heard, connection):
    async with connection.transaction():
        watch.add(connection, ["jobs"], of=connection)
        watch.close()
        assert heard == ["jobs"]
