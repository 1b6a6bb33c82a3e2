"""What the mail tests share: a fixed now, a message builder, and the corpora where they are mounted."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from headrace_crm.mail.model import ParsedMessage
from headrace_crm.mail.parse import parse_message

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWNER = "owner@example.org"
OWNERS = frozenset((OWNER, "owner@work.example.com"))
CORPORA = Path(__file__).resolve().parents[4] / "shared" / "data" / "mail"


def message(*headers: str, body: str = "Hello\n") -> ParsedMessage:
    """Parse a message made of the given header lines; fails the test when it does not parse."""
    parsed = parse_message(("\n".join(headers) + "\n\n" + body).encode(), now=NOW)
    assert isinstance(parsed, ParsedMessage), parsed
    return parsed


def corpus(name: str) -> Path:
    """A file or folder of the shared mail, or a skip that says what is missing."""
    path = CORPORA / name
    if not path.exists():
        pytest.skip(f"the shared mail corpus is not beside this checkout: {name} is absent")
    return path
