"""Settings of the CRM over HTTP."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from headrace import ConfigurationError

_PUBLIC_URL: Final = "HEADRACE_WEB_URL"
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)*/?")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """`public_url` is where browsers reach the pages from outside; empty for where a request says it came to."""

    public_url: str = ""

    def __post_init__(self) -> None:
        if self.public_url and not self.public_url.startswith(("https://", "http://")):
            raise ConfigurationError(f"{_PUBLIC_URL} must be an http address, got {self.public_url!r}")
        if not _PREFIX.fullmatch(urlsplit(self.public_url).path):
            raise ConfigurationError(
                f"the path of {_PUBLIC_URL} may have letters, digits and ._~- between slashes, got {self.public_url!r}"
            )

    @property
    def prefix(self) -> str:
        """What stands before every path there, as `/tools/people`; empty for nothing."""
        return urlsplit(self.public_url).path.rstrip("/")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """The settings of the environment. Raises ConfigurationError."""
        return cls(public_url=environ.get(_PUBLIC_URL, ""))
