"""A read model as it was: the fold of the log up to a position or a moment."""

import pytest

from fix_projections import SHOWN, declare, folded, shown, take_notes
from headrace import ConfigurationError, Stream
from headrace.testing import drain

FOLDS = ("sql", "python", "keyed")


async def folded_until(connection, position):
    """The same by plain Python, over a log that ends there."""
    async with connection.transaction():
        await connection.execute(
            f"CREATE TEMPORARY VIEW cut AS SELECT * FROM headrace.event WHERE position <= {position}"
        )

        class Cut:
            async def fetch(self, query):
                return await connection.fetch(query.replace("headrace.event", "cut"))

        found = await folded(Cut())
        await connection.execute("DROP VIEW cut")
    return found


@pytest.mark.parametrize("fold", FOLDS)
async def test_a_read_model_is_had_as_of_any_position(app, connection, fold):
    declare(app, fold, rebuild_size=13)
    last = await take_notes(app, 60)
    await drain(app)
    for position in (0, 1, last // 3, last - 1, last):
        async with app.projections.as_of("note_stats", position) as past:
            assert [tuple(row) for row in await past.fetch(SHOWN)] == await folded_until(connection, position)
    assert await shown(connection) == await folded(connection)
    assert await connection.fetchval("SELECT count(*) FROM pg_namespace WHERE nspname LIKE '%as_of%'") == 0


@pytest.mark.parametrize("fold", FOLDS)
async def test_one_stream_is_had_as_of_a_position_or_a_moment(app, connection, fold):
    declare(app, fold)
    middle = await take_notes(app, 50)
    moment = await connection.fetchval("SELECT clock_timestamp()")
    await take_notes(app, 50, first=50)
    await drain(app)
    expected = [row for row in await folded_until(connection, middle) if row[0] == "4"]
    for when in (middle, moment):
        async with app.projections.as_of("note_stats", when, stream=Stream("note", "4")) as past:
            assert [tuple(row) for row in await past.fetch(SHOWN)] == expected


async def test_many_may_look_back_at_a_time_and_an_error_leaves_nothing(app, connection):
    declare(app, "sql")
    last = await take_notes(app, 20)
    await drain(app)
    async with app.projections.as_of("note_stats", last) as one, app.projections.as_of("note_stats", 5) as other:
        assert await one.fetch(SHOWN) != await other.fetch(SHOWN)
    with pytest.raises(ZeroDivisionError):
        async with app.projections.as_of("note_stats", last):
            raise ZeroDivisionError
    with pytest.raises(ConfigurationError, match=f"from 0 to {last}, got {last + 1}"):
        async with app.projections.as_of("note_stats", last + 1):
            pass
    with pytest.raises(ConfigurationError, match="version 7 of projection 'note_stats' is not declared"):
        async with app.projections.as_of("note_stats", last, version=7):
            pass
