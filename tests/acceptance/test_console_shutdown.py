"""`headrace console` as a process of its own: it says when it answers, and ends at once however many watch it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fix_apps import send
from fix_sse import Ask

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

HOST = {"host": "127.0.0.1"}


@asynccontextmanager
async def console_on(database: str, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "headrace.cli", "console", "--port", str(port)),
        env={**os.environ, "HEADRACE_DATABASE_URL": database},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            send(process, signal.SIGKILL)
            await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_every_stream_ends_within_a_second_of_the_signal_and_the_console_with_them(
    database: str, asking: Ask, number: int
):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with console_on(database, port) as process:
        assert process.stderr is not None
        assert await process.stderr.readline() == f"console at http://127.0.0.1:{port}/ ; Ctrl-C ends it\n".encode()
        clients = [await asking(port, path="/live", headers=HOST) for _ in range(5)]
        for client in clients:
            assert [(await client.next()).name, (await client.next()).name] == ["hello", "snapshot"]
        began = asyncio.get_running_loop().time()
        send(process, number)
        for client in clients:
            while (told := await client.next()).name == "tick":
                pass
            assert told.name == "bye"
            assert await client.next() is None
        assert asyncio.get_running_loop().time() - began < 1
        assert await process.wait() == 0
        # What is left is the interpreter's own end, which takes its time where the processor is shared.
        assert asyncio.get_running_loop().time() - began < 5
        assert await process.stderr.read() == b""


async def test_a_port_that_is_taken_is_told_with_what_to_do(database: str):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with console_on(database, port) as process:
            _, told = await process.communicate()
            assert process.returncode == 1
            assert told.decode().startswith(f"error: the console cannot listen on 127.0.0.1 port {port}: ")
            assert "choose another with --port" in told.decode()
