"""A Redis of a test's own, durable to the last entry, where the machine has one."""

import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from fix_apps import eventually, send


class RedisServer:
    """A server with a folder and a port, started, killed and started again."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            self.port: int = chosen.getsockname()[1]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        self._process = subprocess.Popen(
            [
                *(self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
                *("--appendonly", "yes", "--appendfsync", "always", "--save", "", "--loglevel", "warning"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        await eventually(self._answers)

    def kill(self) -> None:
        if self._process is not None:
            send(self._process, signal.SIGKILL)
            self._process.wait()
            self._process = None

    async def entries(self, key: str = "headrace") -> list[dict[str, str]]:
        """The fields of every entry of a stream, in order."""
        async with Redis.from_url(self.url, decode_responses=True) as client:
            return [fields for _, fields in await client.xrange(key)]

    async def positions(self, key: str = "headrace") -> list[int]:
        return [int(fields["position"]) for fields in await self.entries(key)]

    async def do(self, *command: Any) -> Any:
        async with Redis.from_url(self.url, decode_responses=True) as client:
            return await client.execute_command(*command)

    async def _answers(self) -> bool:
        try:
            return await self.do("PING")
        except (OSError, RedisError):
            return False


@pytest.fixture
async def redis_server() -> AsyncIterator[RedisServer]:
    """A running Redis that nobody else uses."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server on this machine (apt-get install redis-server)")
    with tempfile.TemporaryDirectory(prefix="hr-redis-") as folder:
        server = RedisServer(program, Path(folder))
        await server.start()
        yield server
        server.kill()
