"""What is refused before a driver is asked, and coroutines that run without an event loop."""

import asyncio

import pytest

from headrace import ConfigurationError, Headrace, TransactionClosedError
from headrace.adapters.borrowed import Record
from headrace.sync import complete


def test_a_coroutine_that_waits_for_nothing_runs_to_its_end():
    async def inner() -> int:
        return 1

    async def outer() -> int:
        return await inner() + 1

    assert complete(outer()) == 2


def test_an_error_of_such_a_coroutine_passes():
    async def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        complete(fail())


def test_a_coroutine_that_waits_is_refused_and_closed():
    ended: list[bool] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            ended.append(True)

    with pytest.raises(ConfigurationError, match="no event loop"):
        complete(wait())
    assert ended == [True]


def test_a_record_has_its_fields_by_number_and_by_name():
    record = Record.of((1, "b"), ["id", "name"])
    assert (record[0], record["name"], record[-1], record[:1]) == (1, "b", "b", (1,))
    assert dict(record.items()) == {"id": 1, "name": "b"}
    assert list(record) == [1, "b"]
    with pytest.raises(ValueError, match="nothing"):
        record["nothing"]


def test_anothers_connection_is_refused_by_its_name():
    app = Headrace()
    app.declare("mail")
    with pytest.raises(TransactionClosedError, match=r"one of asyncpg, .* got builtins\.object"):
        app.sync.enqueue("mail", connection=object())
