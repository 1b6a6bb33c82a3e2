"""A NATS server with JetStream of a test's own, where the machine has one."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats
import pytest

from fix_server_program import ServerProgram, find_program


class NatsServer(ServerProgram):
    """A NATS server with JetStream in files."""

    scheme = "nats"

    def options(self) -> list[str]:
        return ["-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.folder)]

    @asynccontextmanager
    async def jetstream(self) -> AsyncIterator[Any]:
        """A context of a client of its own."""

        async def ignore(_error: Exception) -> None:
            return

        client = await nats.connect(self.url, allow_reconnect=False, connect_timeout=2, error_cb=ignore)
        try:
            yield client.jetstream()
        finally:
            await client.close()

    async def messages(self, stream: str = "headrace") -> list[tuple[str, dict[str, str], dict[str, Any]]]:
        """Subject, headers and event of every message of a stream, as a consumer gets them, in order."""
        async with self.jetstream() as context:
            count = (await context.stream_info(stream)).state.messages
            subscription = await context.subscribe("headrace.>", stream=stream, ordered_consumer=True)
            found = [await subscription.next_msg(timeout=10) for _ in range(count)]
            return [(one.subject, one.headers, json.loads(one.data)) for one in found]

    async def positions(self, stream: str = "headrace") -> list[int]:
        return [int(headers["Headrace-Position"]) for _, headers, _ in await self.messages(stream)]

    async def answers(self) -> bool:
        # By hand: nats-py waits for two seconds after a port that is not open yet.
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        is_ready = b'"jetstream":true' in await reader.readline()
        writer.close()
        await writer.wait_closed()
        return is_ready


@pytest.fixture
async def nats_server() -> AsyncIterator[NatsServer]:
    """A running NATS server that nobody else uses."""
    program = find_program("nats-server")
    with tempfile.TemporaryDirectory(prefix="hr-nats-") as folder:
        server = NatsServer(program, Path(folder))
        await server.start()
        yield server
        server.kill()
