"""Runs what is due in the test's own process: `drain` when told to, `inline` after every commit."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Generator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeGuard

from headrace.app import Headrace
from headrace.errors import ConfigurationError
from headrace.jobs.outcome import Outcome, UnstorableResult
from headrace.stepper import Ran, Stepper
from headrace.testing.clock import VirtualClock

MOST_JOBS = 10_000

_is_draining: ContextVar[bool] = ContextVar("headrace_is_draining", default=False)


@dataclass(slots=True)
class Drained:
    """What a drain did: the attempts it ran, in order, and how many events it handed to handlers.

    `errors` holds what handlers of events raised; what handlers of jobs raised is with their attempts.
    """

    jobs: list[Ran] = field(default_factory=list[Ran])
    event_count: int = 0
    errors: list[BaseException] = field(default_factory=list[BaseException])

    @property
    def kinds(self) -> Counter[str]:
        """How many attempts were run of each kind."""
        return Counter(one.kind for one in self.jobs)

    @property
    def outcomes(self) -> Counter[str]:
        """How many attempts ended how: completed, failed, cancelled, dead, retrying, snoozed, lost."""
        return Counter(one.outcome for one in self.jobs)


async def drain(
    app: Headrace,
    *,
    until: datetime | timedelta | None = None,
    until_empty: bool = True,
    kinds: Collection[str] | None = None,
    queues: Collection[str] | None = None,
    limit: int = MOST_JOBS,
    raise_on_failure: bool = True,
) -> Drained:
    """Fires every due tick, runs every due job and hands every event to its handlers, until nothing is left to do.

    No worker, no waiting, here and now: jobs run one after the other by priority, due time and id over all queues, then
    handlers of events get theirs, and so on in turns; with `until_empty` False one such turn is all.
    With a `VirtualClock`, `until` (a moment, or a time from now) also runs what becomes due up to then,
    each at its moment, and leaves the clock there. `kinds` and `queues` choose among jobs; schedules
    tick and events are handed on in any case.

    An error of a handler is recorded as by a worker, then raised here; with `raise_on_failure` False it
    stays in what is returned. Retry, Snooze, Discard and Cancel are answers, not errors. Raises
    AssertionError after more than `limit` attempts, and ConfigurationError for `until` without a `VirtualClock`.
    """
    ends_at = _end(app, until)
    async with app.stepper() as stepper:
        turn = _Turn(stepper, kinds=kinds, queues=queues, limit=limit, raise_on_failure=raise_on_failure)
        with _draining():
            while await turn.take() or (until_empty and await _move_on(app, turn, ends_at)):
                if not until_empty:
                    break
    if ends_at is not None and isinstance(app.clock, VirtualClock):
        app.clock.move_to(max(ends_at, app.clock.now()))
    return turn.done


@asynccontextmanager
async def inline(app: Headrace, *, raise_on_failure: bool = True) -> AsyncGenerator[Drained]:
    """For a block, jobs and handlers of events run right after the commit that asked for them.

    They run in this process, on the real database, before `app.enqueue(...)` returns or the block of
    `app.transaction()` is left; an error of theirs is raised there, although the commit stands. What they
    enqueue in turn runs after them, not inside them; what is due later stays. A commit of the caller's
    own connection is not seen: what it asked for runs with the next one that is. Yields what was done so
    far. Raises ConfigurationError where the app is inline already.
    """
    if app.after_commit is not None:
        raise ConfigurationError(f"app {app.name!r} is inline already; leave the outer block first")
    one_at_a_time = asyncio.Lock()
    async with app.stepper() as stepper:
        turn = _Turn(stepper, kinds=None, queues=None, limit=MOST_JOBS, raise_on_failure=raise_on_failure)

        async def run() -> None:
            if _is_draining.get():
                return
            async with one_at_a_time:
                with _draining():
                    while await turn.take():
                        pass

        app.after_commit = run
        try:
            yield turn.done
        finally:
            app.after_commit = None


class _Turn:
    """One turn after another: all ticks, all due jobs, then all events."""

    def __init__(
        self,
        stepper: Stepper,
        *,
        kinds: Collection[str] | None,
        queues: Collection[str] | None,
        limit: int,
        raise_on_failure: bool,
    ) -> None:
        self.done = Drained()
        self.stepper = stepper
        self.kinds = kinds
        self.queues = queues
        self._limit = limit
        self._raise_on_failure = raise_on_failure

    async def take(self) -> bool:
        """Whether there was anything to do."""
        has_run = await self.stepper.fire_ticks()
        while ran := await self.stepper.run_job(kinds=self.kinds, queues=self.queues):
            has_run = True
            self.done.jobs.append(ran)
            if self._raise_on_failure and _is_failure(ran.error):
                ran.error.add_note(f"in job {ran.kind} {ran.id}, attempt {ran.attempt}: now {ran.outcome}")
                raise ran.error
            if len(self.done.jobs) > self._limit:
                raise AssertionError(
                    f"more than {self._limit} jobs were run: {dict(self.done.kinds)}; "
                    "break the circle in which they make each other, or raise the limit"
                )
        event_count, errors = await self.stepper.deliver()
        self.done.event_count += event_count
        self.done.errors += errors
        if self._raise_on_failure and errors:
            raise errors[0]
        return has_run or event_count > 0


async def _move_on(app: Headrace, turn: _Turn, ends_at: datetime | None) -> bool:
    """Moves the clock to the next moment at which something is due; False where there is none in time."""
    if ends_at is None or not isinstance(app.clock, VirtualClock):
        return False
    moment = await turn.stepper.next_moment(kinds=turn.kinds, queues=turn.queues)
    if moment is None or moment > ends_at:
        return False
    app.clock.move_to(moment)
    return True


def _end(app: Headrace, until: datetime | timedelta | None) -> datetime | None:
    if until is None:
        return None
    if not isinstance(app.clock, VirtualClock):
        raise ConfigurationError(
            f"until={until} needs a clock that can be moved, got {type(app.clock).__name__}; "
            "make the app with clock=VirtualClock(), or ask for the fixture headrace_clock"
        )
    return app.clock.now() + until if isinstance(until, timedelta) else until


def _is_failure(error: BaseException | None) -> TypeGuard[BaseException]:
    return error is not None and (not isinstance(error, Outcome) or isinstance(error, UnstorableResult))


@contextmanager
def _draining() -> Generator[None]:
    token = _is_draining.set(True)
    try:
        yield
    finally:
        _is_draining.reset(token)
