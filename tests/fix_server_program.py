"""A server of a test's own: a program with a folder and a port, started, killed and started again."""

import os
import shutil
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from fix_apps import eventually, send


def find_program(name: str) -> str:
    """Where a program is; Debian puts some where only root's path leads. Skips the test where there is none."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))
    if found is None:
        pytest.skip(f"no {name} on this machine (apt-get install {name})")
    return found


class ServerProgram(ABC):
    """What it takes to run one, but for its own options and how it answers."""

    scheme: str

    def __init__(self, program: str, folder: Path) -> None:
        self.folder = folder
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            self.port: int = chosen.getsockname()[1]

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Returns when it answers."""
        self._process = subprocess.Popen(
            [self._program, *self.options()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        await eventually(self.answers, 20)

    def kill(self) -> None:
        """Ends it by kill -9; does nothing where it does not run."""
        if self._process is not None:
            send(self._process, signal.SIGKILL)
            self._process.wait()
            self._process = None

    @abstractmethod
    def options(self) -> list[str]: ...

    @abstractmethod
    async def answers(self) -> bool: ...
