"""Copies of a template are handed out and dropped over one session, whatever becomes of that one."""

import asyncpg

from fix_database import ask
from headrace.testing.spare_databases import SpareDatabases

_NAMES = "SELECT array_agg(datname::text) FROM pg_database WHERE datname LIKE 'headrace_spares_test_%'"


async def test_a_session_that_was_cut_is_opened_anew(headrace_server, headrace_template, connection):
    spares = SpareDatabases(headrace_server, template=headrace_template, prefix="headrace_spares_test_")
    taken = [spares.take()]
    assert await connection.fetchval("SELECT pg_terminate_backend($1, 5000)", spares._session.get_server_pid())
    taken += [spares.take(), spares.take()]
    assert len({name for name, _ in taken}) == 3
    for name, address in taken:
        session = await asyncpg.connect(address)
        assert await session.fetchval("SELECT count(*) FROM headrace.run") == 0
        await session.close()
        spares.give_back(name)
    spares.close()
    assert await connection.fetchval(_NAMES) is None


def test_a_database_is_there_at_once_and_gone_at_the_end(headrace_server, headrace_template):
    spares = SpareDatabases(headrace_server, template=headrace_template, prefix="headrace_spares_test_plain_")
    name, address = spares.take()
    assert ask(address, "SELECT current_database()") == name
    spares.give_back(name)
    spares.close()
    assert ask(headrace_server, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 0
