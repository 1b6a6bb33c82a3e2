"""Signals to asyncio's processes never cost their exit code."""

import asyncio
import re
import signal
import sys
from pathlib import Path

from fix_apps import send

ROOT = Path(__file__).parents[2]
BY_ASYNCIO = re.compile(r"process\.(kill|terminate|send_signal)\(")


async def test_a_process_killed_twice_ended_by_the_first_kill():
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    for _ in range(2):
        send(process, signal.SIGKILL)
    assert await process.wait() == -9


def test_none_is_sent_by_asyncio():
    files = [file for folder in ("src", "bench", "tests") for file in (ROOT / folder).rglob("*.py")]
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    starting = {file: text for file, text in texts.items() if "asyncio.create_subprocess" in text}
    assert len(starting) > 5
    assert [str(file) for file, text in starting.items() if BY_ASYNCIO.search(text)] == []
