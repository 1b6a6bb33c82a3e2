"""Who runs the server: PostgreSQL refuses root, so root lends it to a user without rights."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from headrace.db.embedded.error import EmbeddedServerError

_NAMES = ("headrace", "nobody")


class Identity(TypedDict):
    """The options of `subprocess` that start a program as another user; all None: as oneself."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system user of the server; `is_lent` when root starts it as somebody else."""

    uid: int
    gid: int
    name: str
    is_lent: bool

    @property
    def identity(self) -> Identity:
        """How to start a program as this account."""
        if self.is_lent:
            return Identity(user=self.uid, group=self.gid, extra_groups=[])
        return Identity(user=None, group=None, extra_groups=None)

    def takes(self, path: Path) -> None:
        """Give a path of ours to the account (nothing to do for an ordinary user)."""
        if self.is_lent:
            os.chown(path, self.uid, self.gid)

    def may_pass(self, found: os.stat_result) -> bool:
        """True when the account can go through a folder with this mode and owner."""
        return self._has(found, owner=stat.S_IXUSR, group=stat.S_IXGRP, other=stat.S_IXOTH)

    def may_read(self, found: os.stat_result) -> bool:
        """True when the account can read a file with this mode and owner."""
        return self._has(found, owner=stat.S_IRUSR, group=stat.S_IRGRP, other=stat.S_IROTH)

    def _has(self, found: os.stat_result, *, owner: int, group: int, other: int) -> bool:
        if found.st_uid == self.uid:
            return bool(found.st_mode & owner)
        if found.st_gid == self.gid:
            return bool(found.st_mode & group)
        return bool(found.st_mode & other)


def choose(places: Iterable[Path], *, say: Callable[[str], None]) -> Account:
    """The account for a server whose files are (or will be) in the places, innermost first.

    An ordinary user is the account. Root takes the owner of the first place that is not its own, so
    that a folder made by an ordinary user stays usable by him; else the system user `headrace`,
    made when possible; else `nobody`.

    Raises:
        EmbeddedServerError: an ordinary user meets files of another user.
    """
    owners = [(place, place.stat()) for place in places if place.exists()]
    if os.geteuid() == 0:
        for _, found in owners:
            if found.st_uid != 0:
                return Account(found.st_uid, found.st_gid, _name(found.st_uid), is_lent=True)
        return _lent(say)
    for place, found in owners:
        if found.st_uid != os.geteuid():
            raise EmbeddedServerError(
                f"{place} belongs to user {_name(found.st_uid)}, and this process runs as "
                f"{_name(os.geteuid())}; run as that user or as root, remove the folder, "
                "or set HEADRACE_DATABASE_URL"
            )
    return Account(os.geteuid(), os.getegid(), _name(os.geteuid()), is_lent=False)


def open_way(places: Iterable[Path], account: Account, *, say: Callable[[str], None]) -> None:
    """Let a lent account reach the places: each folder above that stops it gets `o+x`, never more."""
    if not account.is_lent:
        return
    for place in places:
        for folder in reversed((place, *place.parents)):
            found = folder.stat()
            if account.may_pass(found):
                continue
            say(f"{folder}: let user {account.name}, who runs PostgreSQL, pass through (chmod o+x)")
            folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)
            if not account.may_pass(folder.stat()):
                raise EmbeddedServerError(
                    f"user {account.name}, who runs PostgreSQL, cannot pass through {folder}; "
                    "move the folder elsewhere, or set HEADRACE_DATABASE_URL"
                )


def check_readable(files: Iterable[Path], account: Account, *, folder: Path) -> None:
    """Refuse an installation whose files the account cannot read."""
    for file in files:
        if account.is_lent and not account.may_read(file.stat()):
            raise EmbeddedServerError(
                f"user {account.name}, who runs PostgreSQL, cannot read {file}; "
                f"run: chmod -R o+rX {folder}*, or set HEADRACE_DATABASE_URL"
            )


def _lent(say: Callable[[str], None]) -> Account:
    first, last = _NAMES
    if not _is_known(first) and (useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")):
        made = subprocess.run(  # noqa: S603 -- a fixed command, found in system folders only
            [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", first],
            check=False,
            capture_output=True,
        )
        if made.returncode == 0:
            say(f"made the system user {first}: PostgreSQL refuses to run as root")
    for name in (first, last):
        if _is_known(name):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid, name, is_lent=True)
    raise EmbeddedServerError(
        f"PostgreSQL refuses to run as root, and there is no user {first} or {last} to run it; "
        f"run: useradd --system {first}, run as an ordinary user, or set HEADRACE_DATABASE_URL"
    )


def _is_known(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"
