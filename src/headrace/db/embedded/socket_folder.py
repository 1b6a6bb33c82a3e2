import hashlib
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from headrace.db.embedded.account import Account
from headrace.db.embedded.error import EmbeddedServerError

PORT = 5432
# sockaddr_un.sun_path is 108 bytes on Linux and 104 on macOS and BSD, with its closing zero.
_LONGEST = 107 if sys.platform == "linux" else 103
# Both PostgreSQL and its clients read a comma as "the next host", PostgreSQL a quote as quoting.
_SPECIAL = frozenset(',"\\')


def fits(folder: Path) -> bool:
    """True when a server can listen in the folder, and clients can name it."""
    socket = os.fsencode(folder / f".s.PGSQL.{PORT}")
    return len(socket) <= _LONGEST and not _SPECIAL & set(str(folder))


def socket_folder(root: Path, *, account: Account) -> Path:
    """Make the private folder (mode 0700) of the server's socket: inside the root where its path allows.

    Else a folder in the temporary directory, named after root and account, so that it stays the same.
    Everybody who can enter the folder is the database's superuser, hence one found there must be ours.

    Raises:
        EmbeddedServerError: somebody else's folder has the name, or every candidate is too long.
    """
    inside = root / "socket"
    if fits(inside):
        return _private(inside, account)
    key = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 -- the folder is checked below
        folder = parent / f"headrace-{account.uid}-{key}"
        if fits(folder):
            return _private(folder, account)
    raise EmbeddedServerError(
        f"no path of at most {_LONGEST} bytes for the socket of {root}; set TMPDIR to a short path"
    )


def forget(folder: Path, *, root: Path) -> None:
    """Remove the folder of an ended server from the temporary directory; one in the root stays."""
    if not folder.is_relative_to(root):
        with suppress(OSError):  # not empty after an immediate stop: the next start clears it
            folder.rmdir()


def _private(folder: Path, account: Account) -> Path:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        account.takes(folder)
    found = folder.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == 0 == os.geteuid() and not found.st_mode & 0o077:
        account.takes(folder)  # root was killed between making and giving
        found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
        raise EmbeddedServerError(
            f"{folder} must be a folder of user {account.name} with mode 0700, for the socket of PostgreSQL, "
            f"and has owner {found.st_uid}, mode {stat.S_IMODE(found.st_mode):04o}; remove it and start again"
        )
    return folder
