"""What writes answers: one interface for every language model behind an API."""

from typing import Protocol

from headrace_crm.errors import CrmError


class LlmError(CrmError):
    """A language model could not be asked, refused, or said what cannot be used; the message says which."""


class Llm(Protocol):
    """Writes a text of a prompt."""

    @property
    def name(self) -> str:
        """What answers are signed with."""
        ...

    async def write(self, *, instructions: str, content: str) -> str:
        """The model's text. `instructions` are ours, `content` holds data that others wrote. Raises LlmError."""
        ...
