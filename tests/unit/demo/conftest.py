import email
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses
from pathlib import Path

import pytest

from headrace_crm.demo import DemoMailbox, write_mailbox

ENDS_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _messages_of(content: bytes) -> list[bytes]:
    """Read mboxrd the plain way: split at envelope lines, take one `>` off quoted ones."""
    entries = re.split(rb"(?:\A|(?<=\n\n))From [^\n]*\n", content)[1:]
    return [re.sub(rb"(?m)^>(>*From )", rb"\1", entry.removesuffix(b"\n")) for entry in entries]


@dataclass(frozen=True)
class Written:
    mailbox: DemoMailbox
    content: bytes
    raw: list[bytes]
    messages: list[Message]

    @staticmethod
    def specs(message: Message, *headers: str) -> list[str]:
        fields = [str(value) for header in headers for value in message.get_all(header, [])]
        return [spec for _, spec in getaddresses(fields)]


@pytest.fixture(scope="session")
def messages_of():
    return _messages_of


@pytest.fixture(scope="session")
def written(tmp_path_factory) -> Written:
    path: Path = tmp_path_factory.mktemp("demo") / "demo.mbox"
    mailbox = write_mailbox(path, ends_at=ENDS_AT)
    content = path.read_bytes()
    raw = _messages_of(content)
    return Written(mailbox, content, raw, [email.message_from_bytes(each) for each in raw])
