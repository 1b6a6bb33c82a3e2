"""A Redis of a test's own, durable to the last entry, where the machine has one."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from fix_server_program import ServerProgram, find_program


class RedisServer(ServerProgram):
    """A Redis that has on its disk what it has confirmed."""

    scheme = "redis"

    def options(self) -> list[str]:
        return [
            *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
            *("--appendonly", "yes", "--appendfsync", "always", "--save", "", "--loglevel", "warning"),
        ]

    async def entries(self, key: str = "headrace") -> list[dict[str, str]]:
        """The fields of every entry of a stream, in order."""
        async with Redis.from_url(self.url, decode_responses=True) as client:
            return [fields for _, fields in await client.xrange(key)]

    async def positions(self, key: str = "headrace") -> list[int]:
        return [int(fields["position"]) for fields in await self.entries(key)]

    async def do(self, *command: Any) -> Any:
        async with Redis.from_url(self.url, decode_responses=True) as client:
            return await client.execute_command(*command)

    async def answers(self) -> bool:
        try:
            return await self.do("PING")
        except (OSError, RedisError):
            return False


@pytest.fixture
async def redis_server() -> AsyncIterator[RedisServer]:
    """A running Redis that nobody else uses."""
    program = find_program("redis-server")
    with tempfile.TemporaryDirectory(prefix="hr-redis-") as folder:
        server = RedisServer(program, Path(folder))
        await server.start()
        yield server
        server.kill()
