"""Settings of the CRM over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from headrace import ConfigurationError

_PUBLIC_URL: Final = "HEADRACE_WEB_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """`public_url` is where browsers reach the pages from outside; empty for where a request says it came to."""

    public_url: str = ""

    def __post_init__(self) -> None:
        if self.public_url and not self.public_url.startswith(("https://", "http://")):
            raise ConfigurationError(f"{_PUBLIC_URL} must be an http address, got {self.public_url!r}")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """The settings of the environment. Raises ConfigurationError."""
        return cls(public_url=environ.get(_PUBLIC_URL, ""))
