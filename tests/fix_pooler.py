"""A PgBouncer between a test and its database, where the machine has one."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import pytest

from fix_apps import eventually

_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
# A transaction gets the session that has rested longest: not the one of the transaction before, if that can be helped.
_CONFIG = """
[databases]
* = {server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
server_round_robin = 1
default_pool_size = 8
min_pool_size = 4
max_client_conn = 500
server_check_query = select 1
logfile = {folder}/log
pidfile = {folder}/pid
"""


def find_pgbouncer() -> str | None:
    """PgBouncer's program; Debian puts it where only root's path leads."""
    return shutil.which("pgbouncer", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


def _server(dsn: str) -> dict[str, object]:
    """The address of the server behind, word by word as PgBouncer has them."""
    parts = urlsplit(dsn)
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    words = {
        "host": parts.hostname or given.get("host", "127.0.0.1"),
        "port": parts.port or given.get("port", 5432),
        "user": unquote(parts.username or "postgres"),
        "password": None if parts.password is None else unquote(parts.password),
    }
    return {name: value for name, value in words.items() if value is not None}


def _identity(server: dict[str, object]) -> dict[str, object]:
    """Who runs it: not root, which it refuses, but somebody who may use the server's socket."""
    if os.geteuid() != 0:
        return {}
    folder = Path(str(server["host"]))
    owner = folder.stat() if folder.is_absolute() else None
    return {
        "user": "nobody" if owner is None else owner.st_uid,
        "group": "nogroup" if owner is None else owner.st_gid,
        "extra_groups": [],
    }


def _free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]


@pytest.fixture
def pooler_process(database: str) -> Iterator[str]:
    """The address of the test's database through a PgBouncer in transaction mode that has been started."""
    program = find_pgbouncer()
    if program is None:
        pytest.skip("no pgbouncer on this machine (apt-get install pgbouncer)")
    folder = Path(tempfile.mkdtemp(prefix="hr-pooler-"))
    folder.chmod(0o777)
    port = _free_port()
    config = folder / "ini"
    server = _server(database)
    words = " ".join(f"{name}={value}" for name, value in server.items())
    config.write_text(_CONFIG.format(server=words, port=port, folder=folder))
    config.chmod(0o644)
    process = subprocess.Popen(
        [program, "-q", str(config)],
        **_identity(server),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    parts = urlsplit(database)
    yield f"postgresql://{parts.username or 'postgres'}@127.0.0.1:{port}{parts.path}"
    process.kill()
    process.wait()
    shutil.rmtree(folder)


@pytest.fixture
async def pooler(pooler_process: str) -> str:
    """The same, once it answers."""

    async def answers() -> bool:
        try:
            session = await asyncpg.connect(pooler_process, statement_cache_size=0, timeout=1)
        except _LOST:
            return False
        await session.close()
        return True

    await eventually(answers)
    return pooler_process
