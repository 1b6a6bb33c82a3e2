import asyncio

import asyncpg
import pytest

from fix_apps import eventually
from headrace.db.leader import Leadership
from headrace.db.pool import ConnectionPool


@pytest.fixture
async def candidates(pool):
    both = [Leadership(pool, "tests"), Leadership(pool, "tests")]
    yield both
    for one in both:
        await one.resign()


async def test_one_leads_and_the_other_follows(candidates):
    first, second = candidates
    assert await first.session() is not None
    assert await second.session() is None
    assert await first.session() is await first.session()
    assert (first.term, second.term) == (1, 0)


async def test_whoever_follows_leads_after_the_other_has_resigned(candidates):
    first, second = candidates
    await first.session()
    await second.session()
    await first.resign()
    await eventually(second.session)
    assert await first.session() is None


async def test_leadership_ends_with_its_session(candidates, connection):
    first, second = candidates
    session = await first.session()
    await connection.execute("SELECT pg_terminate_backend($1)", session.get_server_pid())
    await eventually(second.session)
    await eventually(session.is_closed)
    assert await first.session() is None
    assert first.term == 1


async def test_a_new_session_is_a_new_term(candidates, connection):
    first, _ = candidates
    session = await first.session()
    session.terminate()
    again = await eventually(first.session)
    assert again is not session
    assert first.term == 2


async def test_matters_are_led_apart(pool):
    one, two = Leadership(pool, "one"), Leadership(pool, "two")
    try:
        assert await one.session() is not None
        assert await two.session() is not None
    finally:
        await one.resign()
        await two.resign()


async def test_of_many_candidates_at_once_one_leads(pool):
    many = [Leadership(pool, "tests") for _ in range(10)]
    try:
        assert sum(session is not None for session in await asyncio.gather(*(one.session() for one in many))) == 1
    finally:
        for one in many:
            await one.resign()


async def test_a_server_out_of_reach_is_the_callers_to_handle(database):
    pool = ConnectionPool("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises((OSError, asyncpg.PostgresError)):
        await Leadership(pool, "tests").session()
