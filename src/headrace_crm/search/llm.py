"""What writes texts: one interface for every language model behind an API, and how its JSON is read."""

import re
from datetime import timedelta
from typing import Final, Protocol, TypeVar

import msgspec

from headrace_crm.errors import CrmError

ReplyT = TypeVar("ReplyT")

_FENCE: Final = re.compile(r"^\s*```(?:json)?\s*|\s*```\s*$")


class LlmError(CrmError):
    """A language model could not be asked, refused, or said what cannot be used; the message says which."""


class LlmUnavailableError(LlmError):
    """It gave no answer, or is asked too much. `retry_after` is how long it wants to be left alone, None unsaid."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LlmMisconfiguredError(LlmError):
    """What was asked is none that answers so: its address, key or model in the settings is wrong."""


class Llm(Protocol):
    """Writes a text of a prompt."""

    @property
    def name(self) -> str:
        """What answers are signed with."""
        ...

    async def write(self, *, instructions: str, content: str) -> str:
        """The model's text. `instructions` are ours, `content` holds data that others wrote. Raises LlmError."""
        ...


def decode_reply(said: str, reply_type: type[ReplyT]) -> ReplyT:
    """The JSON object that a model was asked for, inside a Markdown fence or not. Raises LlmError for anything else."""
    try:
        return msgspec.json.decode(_FENCE.sub("", said.strip()).encode(), type=reply_type)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise LlmError(f"the model's answer is not what was asked for: {error}") from None
