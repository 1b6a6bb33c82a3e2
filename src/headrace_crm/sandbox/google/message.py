"""One message of a mailbox: what it is, and what can be read out of its bytes."""

from collections.abc import Callable
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mime
from email.parser import BytesHeaderParser
from functools import cached_property
from typing import Final

_SNIPPET: Final = 200


class Message:
    """A message and its labels.

    `id` and `thread_id` are lower-case hexadecimal, `internal_ms` the milliseconds since the epoch it is
    sorted by. `history_id` is the id of the last change to it. The bytes are made when first asked for: most
    of a large mailbox is never looked at. Who knows the `text` spares it the parsing for the snippet.
    """

    def __init__(
        self,
        *,
        message_id: str,
        thread_id: str,
        internal_ms: int,
        labels: tuple[str, ...],
        make_raw: Callable[[], bytes],
        text: str | None = None,
    ) -> None:
        self.id: Final = message_id
        self.thread_id: Final = thread_id
        self.internal_ms: Final = internal_ms
        self.labels: tuple[str, ...] = labels
        self.history_id = 0
        self._make_raw = make_raw
        self._text = text

    @property
    def sort_key(self) -> tuple[int, str]:
        """The place in a listing, oldest first."""
        return self.internal_ms, self.id

    @cached_property
    def raw(self) -> bytes:
        """The message as it came, with CRLF line ends."""
        return self._make_raw()

    @cached_property
    def mime(self) -> Mime:
        """The same, parsed; broken messages give what can be read."""
        return message_from_bytes(self.raw)

    @cached_property
    def snippet(self) -> str:
        """The first words of its text."""
        if self._text is not None:
            return " ".join(self._text[: 2 * _SNIPPET].split())[:_SNIPPET]
        for part in self.mime.walk():
            if part.get_content_type() == "text/plain" and not part.get_filename():
                return " ".join(text_of(part).split())[:_SNIPPET]
        return ""

    def header(self, name: str) -> str:
        """A header's value, decoded; empty where it is missing."""
        return decoded(str(self.mime.get(name, "")))


def header_of(raw: bytes, name: str) -> str:
    """A header's value out of a message's bytes, decoded; empty where it is missing."""
    return decoded(str(BytesHeaderParser().parsebytes(raw).get(name, "")))


def text_of(part: Mime) -> str:
    """The text of a part; bytes that do not fit its charset are replaced."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    charset = part.get_content_charset() or "utf-8"
    try:
        return content.decode(charset, "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def decoded(value: str) -> str:
    """A header's value with its RFC 2047 words decoded and unfolded; as it stands where they are broken."""
    try:
        text = str(make_header(decode_header(value)))
    except (LookupError, ValueError):
        text = value
    # Raw bytes in a header come out of the parser as surrogates, which are no JSON.
    return "".join(text.encode("utf-8", "replace").decode("utf-8").splitlines())
