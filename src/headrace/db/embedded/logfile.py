from pathlib import Path

from headrace.db.embedded.account import Account

_LARGEST_BYTES = 8 * 1024 * 1024
_TAIL_BYTES = 16 * 1024


class Logfile:
    """The server's log: appended to by every run, set aside (one generation) when it has grown large."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self, account: Account) -> None:
        """Make it writable for the account. Call it while no server runs."""
        if self.path.exists() and self.path.stat().st_size > _LARGEST_BYTES:
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        self.path.touch(mode=0o640)
        account.takes(self.path)

    def tail(self, lines: int = 12) -> str:
        """The last lines, for an error message; a word instead when there are none."""
        try:
            with self.path.open("rb") as log:
                log.seek(max(0, self.path.stat().st_size - _TAIL_BYTES))
                text = log.read().decode(errors="replace")
        except OSError:
            text = ""
        return "\n".join(text.splitlines()[-lines:]) or "(nothing logged)"
