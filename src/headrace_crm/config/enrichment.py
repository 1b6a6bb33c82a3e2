"""Settings of enrichment: who is asked about contacts, where, how fast, and for how much money at most."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Self
from urllib.parse import urlsplit

from headrace import ConfigurationError

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_LEAST_LIMIT: Final = 10
_MOST_POSTS: Final = 100
_LEAST_POSTS: Final = 5
_MOST_LIKELY: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class XSettings:
    """X: on where there is a `token` (app-only bearer).

    `user_lookups` and `post_reads` are what X allows in 15 minutes; prices are dollars for one user or post
    returned, caps dollars in a day and a month of UTC. `posts` are read of each account, 5 to 100.
    """

    token: str = field(default="", repr=False)
    url: str = "https://api.x.com"
    user_lookups: int = 300
    post_reads: int = 10_000
    posts: int = 10
    user_price: Decimal = Decimal("0.010")
    post_price: Decimal = Decimal("0.005")
    cap_day: Decimal = Decimal(1)
    cap_month: Decimal = Decimal(10)

    @property
    def is_on(self) -> bool:
        """True where it may be asked."""
        return bool(self.token)


@dataclass(frozen=True, slots=True, kw_only=True)
class PdlSettings:
    """People Data Labs: on where there is an `api_key`.

    `per_minute` is what the plan allows, `price` the dollars for one match, caps dollars in a day and a month of UTC.
    A match less likely than `min_likelihood`, 1 to 10, is none.
    """

    api_key: str = field(default="", repr=False)
    url: str = "https://api.peopledatalabs.com"
    per_minute: int = 100
    min_likelihood: int = 6
    price: Decimal = Decimal("0.28")
    cap_day: Decimal = Decimal(1)
    cap_month: Decimal = Decimal(10)

    @property
    def is_on(self) -> bool:
        """True where it may be asked."""
        return bool(self.api_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearbitSettings:
    """Clearbit, for those who still have a contract: on where `enabled` is said and there is an `api_key`.

    It signs its webhooks with the same key. `webhook_url` is where it is to send them, none for the one set at
    Clearbit.
    """

    enabled: bool = False
    api_key: str = field(default="", repr=False)
    url: str = "https://person.clearbit.com"
    webhook_url: str = ""
    per_minute: int = 600
    price: Decimal = Decimal("0.10")
    cap_day: Decimal = Decimal(1)
    cap_month: Decimal = Decimal(10)

    @property
    def is_on(self) -> bool:
        """True where it may be asked."""
        return self.enabled and bool(self.api_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrichmentSettings:
    """All of enrichment; without any key nothing is asked of anybody.

    What a provider said is asked for again after `refresh`, and that it knows nobody after twice as long.
    """

    x: XSettings = field(default_factory=XSettings)
    pdl: PdlSettings = field(default_factory=PdlSettings)
    clearbit: ClearbitSettings = field(default_factory=ClearbitSettings)
    refresh: timedelta = timedelta(days=90)

    def __post_init__(self) -> None:
        for part, prefix in ((self.x, "X"), (self.pdl, "PDL"), (self.clearbit, "CLEARBIT")):
            _require_url(part.url, f"HEADRACE_{prefix}_URL")
            for each in fields(part):
                value = getattr(part, each.name)
                variable = f"HEADRACE_{prefix}_{each.name.upper()}"
                if isinstance(value, Decimal) and not (value.is_finite() and value >= 0):
                    raise ConfigurationError(f"{variable} must be dollars, 0 or more, got {value}")
                if each.name in {"per_minute", "user_lookups", "post_reads"} and value < _LEAST_LIMIT:
                    raise ConfigurationError(f"{variable} must be at least {_LEAST_LIMIT}, got {value}")
        if not _LEAST_POSTS <= self.x.posts <= _MOST_POSTS:
            raise ConfigurationError(
                f"HEADRACE_X_POSTS must be {_LEAST_POSTS} to {_MOST_POSTS}, what X returns at once, got {self.x.posts}"
            )
        if not 1 <= self.pdl.min_likelihood <= _MOST_LIKELY:
            raise ConfigurationError(f"HEADRACE_PDL_MIN_LIKELIHOOD must be 1 to 10, got {self.pdl.min_likelihood}")
        if self.refresh < timedelta(days=1):
            raise ConfigurationError(f"HEADRACE_ENRICHMENT_REFRESH_DAYS must be at least 1, got {self.refresh}")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """The settings that the environment gives; what is unset or empty is as by default.

        Raises ConfigurationError, naming the variable, for what cannot be read or be meant.
        """
        days = _read(environ, {"days": "HEADRACE_ENRICHMENT_REFRESH_DAYS"}, {"days": int})
        return cls(
            x=XSettings(**_read(environ, _X, _KINDS)),
            pdl=PdlSettings(**_read(environ, _PDL, _KINDS)),
            clearbit=ClearbitSettings(**_read(environ, _CLEARBIT, _KINDS)),
            **({"refresh": timedelta(days=days["days"])} if days else {}),
        )


_X: Final = {
    "token": "HEADRACE_X_TOKEN",
    "url": "HEADRACE_X_URL",
    "user_lookups": "HEADRACE_X_USER_LOOKUPS",
    "post_reads": "HEADRACE_X_POST_READS",
    "posts": "HEADRACE_X_POSTS",
    "user_price": "HEADRACE_X_USER_PRICE",
    "post_price": "HEADRACE_X_POST_PRICE",
    "cap_day": "HEADRACE_X_CAP_DAY",
    "cap_month": "HEADRACE_X_CAP_MONTH",
}
_PDL: Final = {
    "api_key": "HEADRACE_PDL_API_KEY",
    "url": "HEADRACE_PDL_URL",
    "per_minute": "HEADRACE_PDL_PER_MINUTE",
    "min_likelihood": "HEADRACE_PDL_MIN_LIKELIHOOD",
    "price": "HEADRACE_PDL_PRICE",
    "cap_day": "HEADRACE_PDL_CAP_DAY",
    "cap_month": "HEADRACE_PDL_CAP_MONTH",
}
_CLEARBIT: Final = {
    "enabled": "HEADRACE_CLEARBIT_ENABLED",
    "api_key": "HEADRACE_CLEARBIT_API_KEY",
    "url": "HEADRACE_CLEARBIT_URL",
    "webhook_url": "HEADRACE_CLEARBIT_WEBHOOK_URL",
    "per_minute": "HEADRACE_CLEARBIT_PER_MINUTE",
    "price": "HEADRACE_CLEARBIT_PRICE",
    "cap_day": "HEADRACE_CLEARBIT_CAP_DAY",
    "cap_month": "HEADRACE_CLEARBIT_CAP_MONTH",
}


def _boolean(text: str) -> bool:
    if text.lower() not in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        raise ValueError(text)
    return text.lower() in {"1", "true", "yes", "on"}


_KINDS: Final[Mapping[str, Callable[[str], Any]]] = {
    "user_lookups": int,
    "post_reads": int,
    "posts": int,
    "per_minute": int,
    "min_likelihood": int,
    "user_price": Decimal,
    "post_price": Decimal,
    "price": Decimal,
    "cap_day": Decimal,
    "cap_month": Decimal,
    "enabled": _boolean,
}


def _read(
    environ: Mapping[str, str], variables: Mapping[str, str], kinds: Mapping[str, Callable[[str], Any]]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, variable in variables.items():
        text = environ.get(variable, "").strip()
        if not text:
            continue
        try:
            found[name] = kinds.get(name, str)(text)
        except (ValueError, InvalidOperation):
            meant = "yes or no" if name == "enabled" else "a number"
            raise ConfigurationError(f"{variable} must be {meant}, got {text!r}") from None
    return found


def _require_url(url: str, variable: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ConfigurationError(f"{variable} must be an https address (http on this machine alone), got {url!r}")
