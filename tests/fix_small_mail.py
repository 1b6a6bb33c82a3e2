"""Mailboxes of a few letters to one owner, written down in a test."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

OWNER = "me@owner.example"
BEGAN = datetime(2024, 1, 6, 9, tzinfo=UTC)


def mailbox(path: Path, *letters: tuple[int, str, str, str]) -> Path:
    """An mbox of messages to the owner, each a day, an address, a name and the words."""
    parts: list[bytes] = []
    for day, email, name, words in letters:
        message = EmailMessage()
        message["From"] = f"{name} <{email}>"
        message["To"] = OWNER
        message["Date"] = BEGAN + timedelta(days=day)
        message["Message-ID"] = f"<{day}.{email}>"
        message["Subject"] = f"letter {day}"
        message.set_content(words)
        parts.append(b"From x Sat Jan  6 09:00:00 2024\n" + message.as_bytes() + b"\n")
    path.write_bytes(b"".join(parts))
    return path
