import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from headrace_crm.demo.body import MONTHS, WEEKDAYS

FROM_LINE = re.compile(rb"^(>*From )", re.MULTILINE)


def mbox_entry(message: bytes, *, sender: str, sent_at: datetime) -> bytes:
    """Return one message in mboxrd form: envelope line, `From ` lines quoted once more, an empty line.

    A reader gets the message back byte for byte by taking one `>` off every line that is `>`s and `From `.
    """
    moment = sent_at.astimezone(UTC)
    day = f"{WEEKDAYS[moment.weekday()]} {MONTHS[moment.month - 1]} {moment.day:>2} {moment:%H:%M:%S %Y}"
    end = b"" if message.endswith(b"\n") else b"\n"
    return f"From {sender} {day}\n".encode() + FROM_LINE.sub(rb">\1", message) + end + b"\n"


def write_mbox(path: Path, entries: Iterable[bytes]) -> int:
    """Write the entries to a new or emptied file, one at a time, and return its size in bytes."""
    with path.open("wb") as file:
        return sum(file.write(entry) for entry in entries)
