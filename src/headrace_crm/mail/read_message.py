"""A message between reading and storing."""

from dataclasses import dataclass

from headrace_crm.mail.model import ParsedMessage, UnparsedMessage


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message after parsing, with the key it goes by and the bytes it came from."""

    message_key: str
    raw: bytes
    outcome: ParsedMessage | UnparsedMessage
