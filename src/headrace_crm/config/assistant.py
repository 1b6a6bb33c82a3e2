"""Settings of the assistant: which language model writes answers and judges letters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Self, TypeAlias, cast, get_args
from urllib.parse import urlsplit

from headrace import ConfigurationError

Llm: TypeAlias = Literal["none", "openai", "anthropic"]

_LONGEST_SECONDS: Final = 600
_LEAST_A_DAY: Final = 2
_MOST_A_DAY: Final = 1_000_000
_URLS: Mapping[str, str] = {"none": "", "openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantSettings:
    """`llm` writes answers: an OpenAI-compatible chat API, Anthropic's, or "none": passages answer.

    `llm_url` empty is the vendor's own address, up to and without `/chat/completions` or `/v1/messages`.
    `llm_seconds` is how long an answer may take, up to ten minutes. `llm_insights_per_day` is how often it may be asked
    for insights in 24 hours; 0 leaves those to rules alone.
    """

    llm: Llm = "none"
    llm_model: str = ""
    llm_url: str = ""
    llm_key: str = field(default="", repr=False)
    llm_seconds: float = 60.0
    llm_insights_per_day: int = 200

    def __post_init__(self) -> None:
        if self.llm not in get_args(Llm):
            raise ConfigurationError(f"the LLM must be one of {', '.join(get_args(Llm))}, got {self.llm!r}")
        if self.llm != "none" and not self.llm_model:
            raise ConfigurationError(f"the LLM {self.llm!r} needs a model; name it in HEADRACE_LLM_MODEL or llm_model")
        # Neither value is told: an address may hold a password.
        if self.llm_url and not _is_address(self.llm_url):
            raise ConfigurationError(
                "the LLM's address must be http:// or https:// with a host and no user name; "
                "set HEADRACE_LLM_URL to one like https://api.example.com/v1"
            )
        if not (self.llm_key.isascii() and self.llm_key.isprintable()) or " " in self.llm_key:
            raise ConfigurationError("the LLM's key holds what no header can carry; set HEADRACE_LLM_KEY again")
        if not 0 < self.llm_seconds <= _LONGEST_SECONDS:
            raise ConfigurationError(f"llm_seconds must be from 0 to {_LONGEST_SECONDS}, got {self.llm_seconds}")
        if self.llm_insights_per_day != 0 and not _LEAST_A_DAY <= self.llm_insights_per_day <= _MOST_A_DAY:
            raise ConfigurationError(
                f"llm_insights_per_day must be 0, for none, or from {_LEAST_A_DAY} to {_MOST_A_DAY}, "
                f"got {self.llm_insights_per_day}"
            )

    @property
    def url(self) -> str:
        """Where the model is asked, without a slash at the end."""
        return (self.llm_url or _URLS[self.llm]).rstrip("/")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """What the environment says; defaults where it says nothing. Raises ConfigurationError."""
        default = cls()
        seconds, per_day = environ.get("HEADRACE_LLM_SECONDS"), environ.get("HEADRACE_LLM_INSIGHTS_PER_DAY")
        try:
            llm_seconds = float(seconds) if seconds else default.llm_seconds
        except ValueError:
            raise ConfigurationError(f"HEADRACE_LLM_SECONDS must be a number, got {seconds!r}") from None
        try:
            llm_insights_per_day = int(per_day) if per_day else default.llm_insights_per_day
        except ValueError:
            raise ConfigurationError(f"HEADRACE_LLM_INSIGHTS_PER_DAY must be a whole number, got {per_day!r}") from None
        return cls(
            llm=cast("Llm", environ.get("HEADRACE_LLM") or "none"),
            llm_model=environ.get("HEADRACE_LLM_MODEL", ""),
            llm_url=environ.get("HEADRACE_LLM_URL", ""),
            llm_key=environ.get("HEADRACE_LLM_KEY", ""),
            llm_seconds=llm_seconds,
            llm_insights_per_day=llm_insights_per_day,
        )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
