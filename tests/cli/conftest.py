import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fix_apps import APPS

SEARCHED = os.pathsep.join((str(APPS), str(Path(__file__).parents[1])))


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def headrace(database: str, tmp_path: Path) -> Callable[..., Any]:
    """Runs the `headrace` command as a process of its own, on the test's database."""

    async def run(*arguments: str, dsn: str | None = None, cwd: Path | None = None) -> Ran:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "error",
            "-m",
            "headrace.cli",
            *arguments,
            cwd=cwd or tmp_path,
            env={**os.environ, "HEADRACE_DATABASE_URL": dsn or database, "PYTHONPATH": SEARCHED, "COLUMNS": "200"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return Ran(process.returncode or 0, out.decode(), err.decode())

    return run
