"""Which jobs tell by events what becomes of them."""

from typing import Literal, get_args

from headrace.context import Context, record_step
from headrace.errors import ConfigurationError

Lifecycle = Literal["all", "failures", "none"]
"""What is told of a job: everything; that it is retried, failed, is dead or was cancelled; or nothing."""

ENQUEUED = "job.enqueued"
COMPLETED = "job.completed"


def require_lifecycle(value: Lifecycle | None) -> Lifecycle | None:
    """The value. Raises ConfigurationError for one that is no Lifecycle."""
    if value is not None and value not in get_args(Lifecycle):
        raise ConfigurationError(f"lifecycle must be all, failures or none, got {value!r}")
    return value


class Told:
    """What an application wants told: of kinds that do not say, and what its handlers ask for.

    A handler of `job.enqueued` or `job.completed` is reason enough to tell that of every kind which says nothing else.
    """

    def __init__(self) -> None:
        self._default: Lifecycle | None = None
        self._wanted: set[str] = set()

    def by_default(self, lifecycle: Lifecycle | None) -> None:
        """What kinds tell that do not say."""
        self._default = require_lifecycle(lifecycle)

    def want(self, types: frozenset[str]) -> None:
        """Notes what a handler asks for."""
        self._wanted |= types

    def at_enqueue(self, lifecycle: Lifecycle | None, context: Context) -> bool | None:
        """What is stored with a new job: True to tell its enqueue, None only its failures, False nothing."""
        chosen = lifecycle or self._default
        if chosen == "none" or (context.path is not None and record_step(context.path) is not None):
            return False
        if chosen == "all" or (chosen is None and ENQUEUED in self._wanted):
            return True
        return None

    def at_completion(self, lifecycle: Lifecycle | None) -> bool:
        """Whether it is told that a job has completed."""
        chosen = lifecycle or self._default
        return chosen == "all" or (chosen is None and COMPLETED in self._wanted)
