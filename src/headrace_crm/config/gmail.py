"""Settings of how mail is mirrored from Gmail: what a request costs, what may be spent, how much is asked at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Self

from headrace import ConfigurationError

UNITS: Final[Mapping[str, int]] = {
    "profile": 1,
    "labels": 1,
    "list": 5,
    "get": 20,
    "history": 2,
    "watch": 100,
    "stop": 50,
}
"""What requests cost where the sources differ the dearer; see docs/guides/accounts.md."""

_WHOLE: Final = {
    "user_units": "HEADRACE_GMAIL_USER_UNITS",
    "new_mail_percent": "HEADRACE_GMAIL_NEW_MAIL_PERCENT",
    "batch_messages": "HEADRACE_GMAIL_BATCH_MESSAGES",
    "initial_messages": "HEADRACE_GMAIL_INITIAL_MESSAGES",
    "inline_messages": "HEADRACE_GMAIL_INLINE_MESSAGES",
}
_SECONDS: Final = {
    "patience": "HEADRACE_GMAIL_PATIENCE_SECONDS",
    "poll_after": "HEADRACE_GMAIL_POLL_SECONDS",
    "poll_watched_after": "HEADRACE_GMAIL_POLL_WATCHED_SECONDS",
    "look_again_after": "HEADRACE_GMAIL_LOOK_AGAIN_SECONDS",
}
_TEXTS: Final = {"initial_query": "HEADRACE_GMAIL_INITIAL_QUERY"}
_COSTS: Final = "HEADRACE_GMAIL_UNITS"
_LEAST_LEFT: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GmailSettings:
    """How much is asked of Gmail, and how often.

    - `units`: what each kind of request costs; `user_units`: what one account may spend in any minute.
    - `new_mail_percent` of it is kept for changes, so that old mail never delays them.
    - `batch_messages`: how many messages are fetched by one job and one request, 50 at most.
    - `initial_query` and `initial_messages`: which messages are listed first, 500 at most.
    - `inline_messages`: so many new messages are fetched by the job that learns of them.
    - `patience`: how long one request may take.
    - `poll_after`: how long an account without pushes goes unasked, `poll_watched_after`: one with pushes.
    - `look_again_after`: when an account with pushes is asked again after it had something new, since of what
      changes within a second of a push Gmail tells nothing.

    Raises ConfigurationError where what one job costs does not fit into its share of a minute.
    """

    units: Mapping[str, int] = field(default_factory=lambda: dict(UNITS))
    user_units: int = 6_000
    new_mail_percent: int = 15
    batch_messages: int = 50
    initial_query: str = "newer_than:3m"
    initial_messages: int = 500
    inline_messages: int = 2
    patience: timedelta = timedelta(seconds=60)
    poll_after: timedelta = timedelta(minutes=1)
    poll_watched_after: timedelta = timedelta(minutes=10)
    look_again_after: timedelta = timedelta(seconds=2)

    def __post_init__(self) -> None:
        if missing := sorted(UNITS.keys() - self.units.keys()):
            raise ConfigurationError(f"{_COSTS} lacks what {', '.join(missing)} cost; write get=20,list=5,...")
        for name, least, most in (
            ("new_mail_percent", 1, 90),
            ("batch_messages", 1, 50),
            ("initial_messages", 1, 500),
            ("inline_messages", 1, 50),
        ):
            if not least <= getattr(self, name) <= most:
                raise ConfigurationError(f"{_WHOLE[name]} must be from {least} to {most}, got {getattr(self, name)}")
        for name, cost, share in (
            ("a batch", self.batch_units, self.old_mail_units),
            ("a look for changes", self.change_units, self.new_mail_units),
        ):
            if share <= _LEAST_LEFT * cost:
                raise ConfigurationError(
                    f"{name} costs {cost} units, and its share of a minute is {share}: it must be more than twice "
                    f"that; raise {_WHOLE['user_units']}, or fetch fewer messages at a time"
                )

    @property
    def batch_units(self) -> int:
        """What fetching a full batch costs."""
        return self.batch_messages * self.units["get"]

    @property
    def change_units(self) -> int:
        """The most that one job about what is new costs."""
        return max(self.look_units, self.begin_units, self.watch_units)

    @property
    def look_units(self) -> int:
        """What one look for changes costs, with a label that was never heard of."""
        return self.units["history"] + self.units["labels"] + self.inline_messages * self.units["get"]

    @property
    def begin_units(self) -> int:
        """What the beginning of a pass costs, before anything is fetched."""
        return self.units["profile"] + self.units["labels"] + self.units["list"]

    @property
    def watch_units(self) -> int:
        """What asking for pushes costs, and the names of labels with it."""
        return self.units["watch"] + self.units["labels"]

    @property
    def new_mail_units(self) -> int:
        """What of a minute's units is kept for changes, listings and watches."""
        return self.user_units * self.new_mail_percent // 100

    @property
    def old_mail_units(self) -> int:
        """What of a minute's units fetching may take."""
        return self.user_units - self.new_mail_units

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """The settings that the environment gives, by default where it is silent. Raises ConfigurationError."""
        given: dict[str, Any] = {name: environ[variable] for name, variable in _TEXTS.items() if environ.get(variable)}
        given |= {
            name: _whole(variable, environ[variable]) for name, variable in _WHOLE.items() if environ.get(variable)
        }
        given |= {
            name: timedelta(seconds=_whole(variable, environ[variable]))
            for name, variable in _SECONDS.items()
            if environ.get(variable)
        }
        if environ.get(_COSTS):
            given["units"] = {**UNITS, **_read_costs(environ[_COSTS])}
        return cls(**given)


def _read_costs(text: str) -> dict[str, int]:
    costs: dict[str, int] = {}
    for item in text.split(","):
        name, _, cost = (part.strip() for part in item.partition("="))
        if name not in UNITS:
            raise ConfigurationError(f"{_COSTS} knows {', '.join(sorted(UNITS))}, got {name!r}; write get=20,list=5")
        costs[name] = _whole(_COSTS, cost)
    return costs


def _whole(variable: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ConfigurationError(f"{variable} must be a whole number of at least 1, got {text!r}")
    return number
