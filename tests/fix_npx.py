"""Servers written for Node.js, had from npm by npx and run for a test; where they cannot be had the test is skipped."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from fix_crm import until


@asynccontextmanager
async def served_by_npx(package: str, *arguments: str, folder: Path, probe: str) -> AsyncIterator[str]:
    """The address of a package's server, once it answers at `probe`; `{port}` in its arguments is a free port.

    npx keeps the package in npm's own cache, and nothing in the project.
    """
    npx = shutil.which("npx")
    if npx is None:
        pytest.skip(f"{package} needs npm, which is not here")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "npx.log"
    with log.open("wb") as out:
        # A group of its own: npx starts node as a child, which must end with it.
        process = subprocess.Popen(
            [npx, "--yes", package, *(each.format(port=port) for each in arguments)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        await until(lambda: _answers(url + probe, process))
        if process.poll() is not None:
            pytest.skip(f"{package} cannot be had from npm here: {log.read_text(errors='replace')[-300:]}")
        yield url
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def _answers(url: str, process: subprocess.Popen) -> bool:
    if process.poll() is not None:
        return True
    try:
        async with httpx.AsyncClient() as client:
            return (await client.get(url)).status_code > 0
    except httpx.HTTPError:
        return False
