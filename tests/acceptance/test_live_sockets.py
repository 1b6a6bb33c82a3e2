"""A server process that serves WebSockets, stopped while clients watch and one reads nothing."""

import asyncio
import signal
import time

import pytest

from fix_apps import Bench, eventually, send
from fix_events import NoteTaken
from fix_live_site import live_process
from fix_socket import open_socket

pytest.importorskip("websockets")

_VIEWERS = 100


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_a_server_that_is_stopped_tells_a_hundred_sockets_so_and_ends(bench: Bench, database: str):
    bench.app.register(NoteTaken)
    served = live_process(database, "--ws", "websockets-sansio", "--timeout-graceful-shutdown", "5")
    async with served as (server, port), bench.working():
        await bench.app.append(NoteTaken("first"))
        sockets = [await open_socket(port, after=0) for _ in range(_VIEWERS)]
        deaf = await open_socket(port, after=0, is_narrow=True)  # it reads nothing
        assert [await one.positions(1) for one in sockets] == [[1]] * _VIEWERS
        async with bench.app.transaction() as tx:
            for _ in range(20):
                await tx.append(NoteTaken("more"))
        assert [await one.positions(20) for one in sockets] == [list(range(2, 22))] * _VIEWERS
        began = time.monotonic()
        send(server, signal.SIGTERM)
        ends = await asyncio.gather(*(one.next() for one in sockets))
        assert [await one.next() for one in sockets] == [None] * _VIEWERS
        assert {(end["position"], end["dropped"]) for end in ends} == {(21, "shutdown")}
        assert {one.code for one in sockets} == {(1001, "shutdown")}
        assert time.monotonic() - began < 10, "a second, on a machine that does nothing else"
        await eventually(lambda: server.returncode is not None, timeout=15)
        deaf.connection.transport.abort()
        for one in (*sockets, deaf):
            await one.connection.wait_closed()
