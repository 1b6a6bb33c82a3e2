"""Settings of Google: the OAuth client, where its services are, and the pushes of Gmail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

from headrace import ConfigurationError

_VARIABLES: Final = {
    "client_id": "HEADRACE_GOOGLE_CLIENT_ID",
    "client_secret": "HEADRACE_GOOGLE_CLIENT_SECRET",
    "auth_url": "HEADRACE_GOOGLE_AUTH_URL",
    "token_url": "HEADRACE_GOOGLE_TOKEN_URL",
    "revoke_url": "HEADRACE_GOOGLE_REVOKE_URL",
    "jwks_url": "HEADRACE_GOOGLE_JWKS_URL",
    "gmail_url": "HEADRACE_GOOGLE_GMAIL_URL",
    "push_audience": "HEADRACE_GOOGLE_PUSH_AUDIENCE",
    "push_account": "HEADRACE_GOOGLE_PUSH_ACCOUNT",
    "push_topic": "HEADRACE_GOOGLE_PUSH_TOPIC",
}
_URLS: Final = ("auth_url", "token_url", "revoke_url", "jwks_url", "gmail_url")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleSettings:
    """How Google is reached.

    `client_id` and `client_secret` are those of the OAuth client; without them no account can be linked. Each URL may
    lead to a stand-in, and is https but on this machine. `push_audience` is the audience, `push_account` the
    service account of the Pub/Sub subscription that pushes here, and `push_topic` the topic that Gmail is asked to
    tell (`projects/<project>/topics/<topic>`); without them mail is polled for.
    """

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    auth_url: str = "https://accounts.google.com/o/oauth2/v2/auth"
    token_url: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    revoke_url: str = "https://oauth2.googleapis.com/revoke"
    jwks_url: str = "https://www.googleapis.com/oauth2/v3/certs"
    gmail_url: str = "https://gmail.googleapis.com"
    push_audience: str = ""
    push_account: str = ""
    push_topic: str = ""

    def __post_init__(self) -> None:
        for name in _URLS:
            url: str = getattr(self, name)
            parts = urlsplit(url)
            if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
                raise ConfigurationError(
                    f"{_VARIABLES[name]} must be an https address (http on this machine alone), got {url!r}"
                )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """The settings of the environment; what is unset or empty is as by default. Raises ConfigurationError."""
        return cls(**{name: environ[variable] for name, variable in _VARIABLES.items() if environ.get(variable)})

    def require_client(self) -> None:
        """Raises ConfigurationError where there is no OAuth client."""
        missing = [_VARIABLES[name] for name in ("client_id", "client_secret") if not getattr(self, name)]
        if missing:
            raise ConfigurationError(
                f"a Google account needs an OAuth client: set {' and '.join(missing)} (see docs/guides/accounts.md)"
            )
