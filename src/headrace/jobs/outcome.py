"""How an attempt ends: the outcomes a handler may ask for, and the pure decision between them."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

import msgspec

from headrace.errors import ChildError
from headrace.jobs.duration import require_duration
from headrace.jobs.retry import RetryPolicy

_TRACEBACK_LIMIT = 8_000
_MESSAGE_LIMIT = 2_000


class Outcome(Exception):  # noqa: N818 - an outcome a handler asks for, no error
    """The base of the outcomes a handler may raise instead of returning."""


class Retry(Outcome):
    """Try again after `after` (by the retry policy where None); counts as an attempt. Raises ConfigurationError."""

    def __init__(self, reason: str = "the handler asked for a retry", *, after: timedelta | None = None) -> None:
        if after is not None:
            require_duration(after, name="after")
        super().__init__(reason)
        self.after = after


class Snooze(Outcome):
    """Put the job back for `after`; the attempt does not count. Raises ConfigurationError."""

    def __init__(self, after: timedelta) -> None:
        require_duration(after, name="after")
        super().__init__(f"snoozed for {after}")
        self.after = after

    def __reduce__(self) -> tuple[type["Snooze"], tuple[timedelta]]:
        return type(self), (self.after,)


class Discard(Outcome):
    """End the job as failed, without a retry."""


class UnstorableResult(Discard):
    """What the handler returned cannot be kept as the job's result."""


class Cancel(Outcome):
    """End the job as cancelled."""


Ending = Literal["completed", "failed", "cancelled", "dead"]


@dataclass(frozen=True, slots=True)
class Ended:
    """The job is over."""

    state: Ending
    result: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """The job waits for another attempt; `counts` is False where this one is not to be held against it.

    A `delay` of None leaves it at its place in the queue; what has not begun gives its tokens back.
    """

    delay: timedelta | None
    error: str | None = None
    counts: bool = True
    has_begun: bool = True


Verdict = Ended | Again

COMPLETED = Ended("completed")


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """An error as it is stored: bounded, and readable without the code that raised it."""

    type: str
    message: str
    traceback: str = ""
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def encode(self) -> str:
        return msgspec.json.encode(self).decode()


def report_error(error: BaseException) -> str:
    """Writes an error as JSON text: type, message, and the end of its traceback."""
    return describe_error(error).encode()


def describe_error(error: BaseException) -> ErrorReport:
    """What is stored of an error; of one that happened in a child process, what it was there."""
    if isinstance(error, ChildError):
        return ErrorReport(error.type_name, error.message, error.traceback)
    text = "".join(traceback.format_exception(error))
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return ErrorReport(
        type=name,
        message=storable(_message(error))[:_MESSAGE_LIMIT],
        traceback=storable(text)[-_TRACEBACK_LIMIT:],
    )


def decide_on_error(
    error: BaseException, *, attempt: int, max_attempts: int, policy: RetryPolicy, chance: float
) -> Verdict:
    """What follows when an attempt raised.

    `attempt` counts from 1; `chance` in [0, 1) is the jitter's draw, so that the decision is a
    function of values. Outcomes are obeyed first, then the policy's exception rules, then attempts.
    """
    if isinstance(error, Snooze):
        return Again(error.after, counts=False)
    if isinstance(error, Cancel):
        return Ended("cancelled", error=report_error(error))
    report = report_error(error)
    is_wanted = isinstance(error, Retry) or policy.is_retryable(error)
    if isinstance(error, Discard) or not is_wanted:
        return Ended("failed", error=report)
    if attempt >= max_attempts:
        return Ended("dead", error=report)
    asked = error.after if isinstance(error, Retry) else None
    return Again(policy.delay(attempt, chance=chance) if asked is None else asked, error=report)


def name_verdict(verdict: Verdict | None) -> str:
    """What records call the end of an attempt; None is one that no longer held its job."""
    if verdict is None:
        return "lost"
    if isinstance(verdict, Ended):
        return verdict.state
    if verdict.counts:
        return "retrying"
    return "released" if verdict.delay is None else "snoozed"


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as another:  # noqa: BLE001 - an error that cannot tell what it is must still be recorded
        return f"its message cannot be read: {type(another).__name__}"


def storable(text: str) -> str:
    """The text with what PostgreSQL cannot store (U+0000, lone surrogates) written as escapes."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
