"""Middleware: what an application runs around every enqueue and every attempt, in the order it was added."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Protocol, cast

from headrace.errors import ConfigurationError
from headrace.jobs.job import NewJob

CallNext = Callable[[], Awaitable[Any]]
OnEnqueue = Callable[[NewJob], NewJob]
AroundAttempt = Callable[[Any, CallNext], Awaitable[Any]]


class EnqueueMiddleware(Protocol):
    """A middleware with a part in enqueueing."""

    def on_enqueue(self, job: NewJob) -> NewJob:
        """The job to store; the one given, or a changed one."""
        ...


class AttemptMiddleware(Protocol):
    """A middleware with a part in every attempt."""

    def around_attempt(self, job: Any, call_next: CallNext) -> Coroutine[Any, Any, Any]:
        """Awaits `call_next()` and returns what the job shall have for its result."""
        ...


class Middleware:
    """The middleware of one application.

    The first one added sees a new job first, and stands outermost around an attempt.
    `surrounds_attempts` tells whether any of them has a part in attempts.
    """

    def __init__(self) -> None:
        self.surrounds_attempts = False
        self._on_enqueue: tuple[OnEnqueue, ...] = ()
        self.changes_jobs = False
        self._around_attempt: tuple[AroundAttempt, ...] = ()

    def add(self, middleware: object) -> bool:
        """Adds the parts an object has in jobs, `on_enqueue` and `around_attempt`; whether it has any.

        Raises ConfigurationError for one that cannot be called.
        """
        on_enqueue = cast("OnEnqueue | None", getattr(middleware, "on_enqueue", None))
        around_attempt = cast("AroundAttempt | None", getattr(middleware, "around_attempt", None))
        for name, part in (("on_enqueue", on_enqueue), ("around_attempt", around_attempt)):
            if part is not None and not callable(part):
                raise ConfigurationError(
                    f"{name} of {type(middleware).__qualname__} must be a method, got {part!r:.50}"
                )
        if on_enqueue is not None:
            self._on_enqueue += (on_enqueue,)
            self.changes_jobs = True
        if around_attempt is not None:
            self._around_attempt += (around_attempt,)
            self.surrounds_attempts = True
        return on_enqueue is not None or around_attempt is not None

    def on_enqueue(self, job: NewJob) -> NewJob:
        """The job as the last of them leaves it. Raises ConfigurationError where one returns another job."""
        for change in self._on_enqueue:
            job = _require_same(change(job), job, by=change)
        return job

    async def around_attempt(self, job: Any, call: CallNext) -> Any:
        """Runs an attempt inside all of them."""
        for around in reversed(self._around_attempt):
            call = partial(around, job, call)
        return await call()


def _require_same(changed: object, job: NewJob, *, by: OnEnqueue) -> NewJob:
    name = getattr(by, "__qualname__", repr(by))
    if not isinstance(changed, NewJob):
        raise ConfigurationError(
            f"{name} must return the job to store, got {type(changed).__name__}; "
            "return the job it was given, or msgspec.structs.replace(job, ...)"
        )
    for fixed in ("id", "kind", "unique"):
        if getattr(changed, fixed) != getattr(job, fixed):
            raise ConfigurationError(
                f"{name} changed the {fixed} of a job from {getattr(job, fixed)!r} to {getattr(changed, fixed)!r}; "
                "a middleware may change anything else"
            )
    return changed
