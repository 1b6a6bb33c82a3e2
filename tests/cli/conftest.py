import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fix_apps import APPS

TESTS = Path(__file__).parents[1]
SEARCHED = os.pathsep.join((str(APPS), str(TESTS)))


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="session")
def command_server() -> Iterator[Path]:
    """The socket of a process that has imported the command, and forks one that runs it for each who asks."""
    with tempfile.TemporaryDirectory(prefix="hr-") as folder:
        address = Path(folder) / "commands"
        # `-m headrace.cli` itself is run by the tests of exit codes, of `top` and of trees of jobs.
        process = subprocess.Popen(
            [sys.executable, "-W", "error", str(TESTS / "command_server.py"), str(address)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join((SEARCHED, os.environ.get("PYTHONPATH", "")))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdout.readline() == b"\n"
        yield address
        process.communicate()


@pytest.fixture
def headrace(database: str, tmp_path: Path, command_server: Path) -> Callable[..., Any]:
    """Runs the `headrace` command in a process of its own, on the test's database."""

    async def run(*arguments: str, dsn: str | None = None, cwd: Path | None = None) -> Ran:
        asked = {
            "arguments": arguments,
            "cwd": str(cwd or tmp_path),
            "env": {**os.environ, "HEADRACE_DATABASE_URL": dsn or database, "PYTHONPATH": SEARCHED, "COLUMNS": "200"},
        }
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(command_server))
            socket.send_fds(asking, [json.dumps(asked).encode() + b"\n"], [out.fileno(), err.fileno()])
            asking.setblocking(False)
            code = int(await asyncio.get_running_loop().sock_recv(asking, 16))
            said = [output.seek(0) or output.read().decode() for output in (out, err)]
        return Ran(code, *said)

    return run
