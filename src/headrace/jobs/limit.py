"""Limits: how many jobs that share a key run at a time, how fast they begin, and how the key is made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, cast

import msgspec

from headrace.context import Context
from headrace.errors import ConfigurationError

LONGEST_KEY = 500
MOST_WEIGHT = 2_147_483_647
QUEUE_MARK = "@"
"""Stands before a queue's name where limits are named; no limit's own name begins with it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_OF_CONTEXT = ("tenant_id", "user_id")
_NO_FIELDS: Mapping[str, Any] = MappingProxyType({})
_LONGEST_PER = timedelta(days=36_525)


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `count` tokens come in every `per`, and up to `burst` (by default `count`) are kept.

    A job takes as many tokens as it weighs when it is claimed, so in any time t no more than
    burst + count * t / per begin. Raises ConfigurationError for what cannot be meant.
    """

    count: int
    per: timedelta = field(default=timedelta(seconds=1), kw_only=True)
    burst: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ConfigurationError(
                f"a rate has a count of at least 1, got {self.count}; give a longer `per` for less"
            )
        if not timedelta(0) < self.per <= _LONGEST_PER:
            raise ConfigurationError(
                f"`per` of a rate must be positive and at most {_LONGEST_PER.days} days, got {self.per}; "
                "use timedelta(seconds=...)"
            )
        if self.burst < 0:
            raise ConfigurationError(f"the burst of a rate must be positive, got {self.burst}")
        if self.burst == 0:
            object.__setattr__(self, "burst", self.count)

    def __str__(self) -> str:
        return f"{self.count} per {self.per}, {self.burst} at once"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a name allows: the name of a limit, or `@` and the name of a queue. None allows anything."""

    name: str
    concurrency: int | None = None
    rate: Rate | None = None

    def __post_init__(self) -> None:
        if self.concurrency is not None and self.concurrency < 0:
            raise ConfigurationError(f"the concurrency of {self.name!r} must not be negative, got {self.concurrency}")


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of a kind's jobs: of all that share a key together.

    `key` says what is counted for itself: `{name}` stands for a field of the args or, where they have
    none of that name, for the context's `tenant_id` or `user_id`; without a key there is one count for
    all. `concurrency` is how many run at a time in all processes, `rate` how many begin, `weight` how
    many tokens each takes. With neither the keys only take turns. Kinds may share a limit: equal in
    all but weight.
    """

    name: str
    key: str = field(default="", kw_only=True)
    concurrency: int | None = field(default=None, kw_only=True)
    rate: Rate | None = field(default=None, kw_only=True)
    weight: int = field(default=1, kw_only=True)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(
                f"a limit's name has 1 to 100 letters, digits, and _ . - after the first, got {self.name!r}"
            )
        if self.concurrency is not None and self.concurrency < 1:
            raise ConfigurationError(f"the concurrency of {self.name!r} must be at least 1, got {self.concurrency}")
        rest = _FIELD.sub("", self.key)
        if "{" in rest or "}" in rest:
            raise ConfigurationError(
                f"the key of limit {self.name!r} cannot be read: {self.key!r}; write fields as {{user_id}}"
            )
        require_weight(self.weight, self.rate, name=self.name)

    @property
    def rule(self) -> Rule:
        """What is allowed, by name."""
        return Rule(self.name, self.concurrency, self.rate)

    @property
    def template(self) -> str:
        """The whole key, its fields not yet filled in."""
        return f"{self.name}:{self.key}" if self.key else self.name

    def key_of(self, args: str, context: Context) -> str:
        """The key of a job with these args (JSON). Raises ValueError where a field is missing or has no plain value."""
        if "{" not in self.key:
            key = self.template
        else:
            value = msgspec.json.decode(args)
            fields = cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else _NO_FIELDS
            key = _FIELD.sub(lambda match: _value(self, match[1], fields, context), self.template)
        return require_limit_key(key, error=ValueError)


def require_limit_key(key: str, *, error: type[Exception] = ConfigurationError) -> str:
    """The key. Raises for one that is no limit's name, alone or before a colon and text."""
    is_plain = key.isprintable() or not any(ord(character) < 32 or ord(character) == 127 for character in key)  # noqa: PLR2004 - what [[:cntrl:]] is
    is_storable = is_plain and not any("\ud800" <= character <= "\udfff" for character in key)
    if not (_NAME.fullmatch(key.partition(":")[0]) and len(key) <= LONGEST_KEY and is_storable):
        raise error(
            f"a limit key is the name of a limit, or that, a colon and text, {LONGEST_KEY} characters at most, "
            f"got {key[:50]!r}; write it as 'gmail:42'"
        )
    return key


def require_weight(weight: int, rate: Rate | None, *, name: str) -> None:
    """Raises ConfigurationError for a weight that the rate of limit `name` can never let through."""
    most = MOST_WEIGHT if rate is None else rate.burst
    if not 1 <= weight <= most:
        raise ConfigurationError(
            f"weight must be 1 to {most}, the most that limit {name!r} gives at once, got {weight}; "
            "raise the burst of its rate, or make the job lighter"
        )


def rule_name(key: str) -> str:
    """The name of the rule a key is under."""
    return key if key.startswith(QUEUE_MARK) else key.partition(":")[0]


def _value(limit: Limit, name: str, fields: Mapping[str, Any], context: Context) -> str:
    value = fields[name] if name in fields else getattr(context, name) if name in _OF_CONTEXT else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise ValueError(
        f"the limit key {limit.template!r} needs text, a whole number or a truth value for {{{name}}}, got "
        f"{'nothing' if value is None else repr(value)[:50]}; give it in the args, in the context "
        "(tenant_id, user_id), or give limit_key"
    )
