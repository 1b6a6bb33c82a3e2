"""Given, when, then: a story about handlers and projections, told on the real database."""

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from headrace.app import Headrace
from headrace.db.connection import Row
from headrace.events.event import Stream
from headrace.testing.appended_event import appended_rows, told
from headrace.testing.draining import drain
from headrace.testing.event_assertions import assert_appended
from headrace.testing.job_assertions import assert_enqueued
from headrace.testing.matching import ANYTHING
from headrace.testing.stored_job import StoredJob, stored_jobs

Check = Callable[[Headrace], object]


@dataclass(frozen=True, slots=True)
class Expectation:
    """Something that must have followed: a job or an event, as `enqueued` and `appended` make them."""

    check: Callable[[Headrace, "_Since"], Awaitable[object]]


def enqueued(kind: str, args: object = ANYTHING, **options: Any) -> Expectation:
    """Expects a job to have been enqueued; `options` are those of `assert_enqueued`."""

    async def check(app: Headrace, since: _Since) -> None:
        await assert_enqueued(app, kind, args, among=await since.jobs(app), **options)

    return Expectation(check)


def appended(event: type | str | object, data: object = ANYTHING, **options: Any) -> Expectation:
    """Expects an event to have been appended; `options` are those of `assert_appended`."""

    async def check(app: Headrace, since: _Since) -> None:
        await assert_appended(app, event, data, after=since.position, **options)

    return Expectation(check)


def given(app: Headrace, *events: object, stream: Stream | None = None) -> "Scenario":
    """A story that begins with these events, appended and handled; `stream` is where they all go.

    await given(app, Opened(1)).when(Paid(1)).then(enqueued("send-receipt", 1))
    """
    return Scenario(app, tuple((event, stream) for event in events))


@dataclass(frozen=True, slots=True)
class Scenario:
    """What has happened, and what happens next; nothing does until one of its ends is awaited.

    The app must be open. Whatever follows from a step is run as by `drain`.
    """

    app: Headrace
    past: tuple[tuple[object, Stream | None], ...] = ()
    steps: tuple[tuple[object, Stream | None], ...] = ()

    def when(self, *steps: object, stream: Stream | None = None) -> "Scenario":
        """Adds what happens next: events, async functions of the app, or a time that passes (`timedelta`)."""
        return replace(self, steps=(*self.steps, *((step, stream) for step in steps)))

    async def then(self, *expected: object) -> None:
        """Runs the story and checks what followed.

        An `Expectation`, or an event that must have been appended, or a function of the app, plain or
        async, that asserts or answers False. Raises AssertionError, and what a handler raised.
        """
        since = await self._run()
        for one in expected:
            if isinstance(one, Expectation):
                await one.check(self.app, since)
            elif callable(one) and not isinstance(one, type):
                await _ask(one, self.app)
            else:
                await appended(one).check(self.app, since)

    async def then_nothing(self) -> None:
        """Runs the story and checks that it made no job, and no event but its own."""
        since = await self._run()
        own = sum(not (callable(step) or isinstance(step, timedelta)) for step, _ in self.steps)
        rows = await since.rows(self.app)
        jobs = await since.jobs(self.app)
        if jobs or len(rows) > own:
            lines = [f"expected that nothing follows, but there are {len(jobs)} job(s) and {len(rows)} event(s):"]
            raise AssertionError(
                "\n".join([*lines, *(f"  {job}" for job in jobs), *(f"  {told(row)}" for row in rows)])
            )

    async def then_raises(self, error: type[BaseException], *, match: str = "") -> None:
        """Runs the story and checks that a step or a handler raised such an error, whose text `match` is found in."""
        try:
            await self._run()
        except error as raised:
            if not re.search(match, str(raised)):
                raise AssertionError(f"expected {error.__name__} matching {match!r}, got {raised!r}") from raised
            return
        raise AssertionError(f"expected {error.__name__}, but nothing was raised")

    async def _run(self) -> "_Since":
        await _append(self.app, self.past)
        await drain(self.app)
        since = await _now(self.app)
        for step, stream in self.steps:
            if isinstance(step, timedelta):
                await drain(self.app, until=step)
                continue
            if callable(step):
                await _ask(step, self.app)
            else:
                await _append(self.app, [(step, stream)])
            await drain(self.app)
        return since


@dataclass(frozen=True, slots=True)
class _Since:
    """Where the story's own part begins: after this position, and without these jobs."""

    position: int
    known: frozenset[UUID]

    async def jobs(self, app: Headrace) -> list[StoredJob]:
        return [job for job in await stored_jobs(app) if job.id not in self.known]

    async def rows(self, app: Headrace) -> list[Row]:
        return await appended_rows(app, after=self.position)


async def _now(app: Headrace) -> _Since:
    rows = await appended_rows(app)
    return _Since(
        max((row["position"] for row in rows), default=0), frozenset(job.id for job in await stored_jobs(app))
    )


async def _append(
    app: Headrace, events: "tuple[tuple[object, Stream | None], ...] | list[tuple[object, Stream | None]]"
) -> None:
    async with app.transaction() as tx:
        for event, stream in events:
            await tx.append(event, stream=stream)


async def _ask(function: Check, app: Headrace) -> None:
    answer = function(app)
    if inspect.isawaitable(answer):
        answer = await answer
    if answer is False:
        raise AssertionError(f"{getattr(function, '__qualname__', function)!r} answered False")
