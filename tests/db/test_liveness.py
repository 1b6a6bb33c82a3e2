"""Both ends of a session ask each other whether they live, where there is a network between them."""

import socket

import asyncpg
import pytest

from fix_apps import eventually
from headrace.db.connecting import close, connect, options
from headrace.db.liveness import GONE_SECONDS
from headrace.db.pool import ConnectionPool

LINUX = pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no TCP user timeout")


def probes(session) -> tuple[int, int, int]:
    """Whether this end probes, after how many idle seconds, and how many milliseconds it waits for an answer."""
    sock = session._transport.get_extra_info("socket")
    return (
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
        sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
        sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
    )


@LINUX
async def test_this_end_probes_the_server_over_tcp(network):
    session = await connect(network.dsn, application_name="tests")
    assert probes(session) == (1, 10, GONE_SECONDS * 1_000)
    await close(session)


@LINUX
async def test_so_does_every_session_of_a_pool(network):
    pool = ConnectionPool(network.dsn)
    await pool.open()
    async with pool.acquire() as session:
        assert probes(session._con) == (1, 10, GONE_SECONDS * 1_000)
    await pool.close()


async def test_over_a_socket_of_the_machine_there_is_nothing_to_probe(database):
    session = await connect(database, application_name="tests")
    assert await session.fetchval("SELECT 1") == 1
    await close(session)


async def test_the_server_is_asked_to_probe_this_end(database):
    asked = options("tests", is_pooled=False)["server_settings"]
    assert (asked["tcp_keepalives_idle"], asked["tcp_user_timeout"]) == ("10", str(GONE_SECONDS * 1_000))
    session = await connect(database, application_name="tests")
    try:
        for name in asked:
            assert await session.fetchval("SELECT source FROM pg_settings WHERE name = $1", name) == "client"
    finally:
        await close(session)


def test_a_pooler_is_asked_for_nothing_it_would_refuse():
    asked = options("tests", is_pooled=True, settings={"jit": "off"})
    assert asked == {"server_settings": {"application_name": "tests"}, "statement_cache_size": 0}


async def test_closing_a_session_that_answers_no_more_takes_a_second(network):
    session = await connect(network.dsn, application_name="tests")
    network.cut()
    with pytest.raises(TimeoutError):
        await session.fetchval("SELECT 1", timeout=0.2)
    await close(session)
    assert session.is_closed()
    await network.heal()

    async def works() -> bool:
        again = await asyncpg.connect(network.dsn, timeout=5)
        await again.close()
        return True

    await eventually(works)
