"""The data directory: what is there decides what happens to it, and nothing of value is ever deleted."""

import shutil
import subprocess
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from tempfile import mkdtemp
from typing import assert_never

from headrace.db.embedded.account import Account
from headrace.db.embedded.binaries import MAJOR_VERSION, Binaries
from headrace.db.embedded.error import EmbeddedServerError

_FIRST_USER_OID = 16384  # PostgreSQL's FirstNormalObjectId: databases below it are its own


class Condition(Enum):
    """What a data directory is found to be."""

    ABSENT = "absent"
    READY = "ready"
    OTHER_VERSION = "other version"
    HALF_MADE = "half made"
    DAMAGED = "damaged"


def examine(data: Path) -> Condition:
    """Tell a complete data directory from everything else a crash or a person can leave there."""
    if not data.exists() or (data.is_dir() and not any(data.iterdir())):
        return Condition.ABSENT
    version = _version(data)
    if version is not None and version != MAJOR_VERSION:
        return Condition.OTHER_VERSION
    if version == MAJOR_VERSION and (data / "global" / "pg_control").is_file():
        return Condition.READY
    return Condition.DAMAGED if _holds_databases(data) else Condition.HALF_MADE


def prepare(data: Path, *, binaries: Binaries, account: Account, is_synced: bool, say: Callable[[str], None]) -> None:
    """Make sure of a complete data directory of our version.

    It is made beside and renamed, so that a crash on the way leaves no half of one; what an earlier
    crash (or somebody) left in its place is moved aside. Call it under the start lock.

    Raises:
        EmbeddedServerError: another version's or damaged data is there, or initdb failed.
    """
    condition = examine(data)
    match condition:
        case Condition.READY:
            return
        case Condition.OTHER_VERSION:
            raise EmbeddedServerError(
                f"{data} was made by PostgreSQL {_version(data)}, this is PostgreSQL {MAJOR_VERSION}; "
                f"dump it with that version and load it again, or move {data} away to start empty"
            )
        case Condition.DAMAGED:
            raise EmbeddedServerError(
                f"{data} holds databases, but its PG_VERSION or global/pg_control is missing; "
                f"restore it from a backup, or move {data} away to start empty"
            )
        case Condition.HALF_MADE:
            aside = _free_name(data)
            data.rename(aside)
            say(f"{data} was not a complete data directory: moved to {aside.name}, making a new one")
        case Condition.ABSENT:
            say(f"making a PostgreSQL {MAJOR_VERSION} data directory in {data}")
        case _:
            assert_never(condition)
    _make(data, binaries=binaries, account=account, is_synced=is_synced)


def _make(data: Path, *, binaries: Binaries, account: Account, is_synced: bool) -> None:
    for left in data.parent.glob(f"{data.name}.new-*"):
        # A killed process may have left an initdb that still writes: what resists goes the next time.
        shutil.rmtree(left, ignore_errors=True)
    fresh = Path(mkdtemp(prefix=f"{data.name}.new-", dir=data.parent))
    account.takes(fresh)
    # The builtin C.UTF-8 sorts and folds alike on every machine, whatever locales it has.
    command = [
        str(binaries.initdb),
        "--pgdata=.",
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        *([] if is_synced else ["--no-sync"]),
    ]
    made = subprocess.run(  # noqa: S603 -- a fixed command of the wheel
        command,
        check=False,
        capture_output=True,
        cwd=fresh,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        text=True,
        errors="replace",
        umask=0o077,
        **account.identity,
    )
    if made.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise EmbeddedServerError(
            f"initdb failed in {data.parent} with exit code {made.returncode}:\n{made.stderr.strip()}\n"
            "mend what it names, or set HEADRACE_DATABASE_URL to a server of your own"
        )
    fresh.rename(data)


def _version(data: Path) -> str | None:
    try:
        text = (data / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    return text if text.replace(".", "", 1).isdecimal() else None


def _holds_databases(data: Path) -> bool:
    names = [found.name for found in data.glob("base/*")]
    return any(name.isdecimal() and int(name) >= _FIRST_USER_OID for name in names)


def _free_name(data: Path) -> Path:
    number = 1
    while (name := data.with_name(f"{data.name}.broken-{number}")).exists():
        number += 1
    return name
