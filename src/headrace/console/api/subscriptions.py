"""Subscriptions and parked streams over HTTP: look at them, pause, resume, skip and replay."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from headrace.app import Headrace
from headrace.console.access.problem import Problem, ProblemError
from headrace.console.api.need import needs
from headrace.console.api.page import LARGEST, Because, Body, Limit, Listed, Moment, Position
from headrace.console.api.route import principal_of
from headrace.db.connection import Connection
from headrace.db.listener import HEAD_CHANNEL
from headrace.events import operate
from headrace.events.survey import (
    ParkedStream,
    SubscriptionAction,
    SubscriptionDetail,
    list_actions,
    list_parked,
    list_subscriptions,
)

SubscriptionName = Annotated[str, Path(min_length=1, max_length=200)]
_MOST_COUNTED = 10_000
OfSubscription = Annotated[str | None, Query(max_length=200)]


class Replay(Because):
    """From where a subscription meets events again: after a position, or from a moment on; one of the two."""

    after: Position | None = None
    since: Moment | None = None


class Skip(Body):
    """Why an event is given up; it is kept with the event and its error."""

    reason: str = Field(min_length=1, max_length=2_000)


class Resume(Because):
    """Which parked streams go on: the one that waits at an event's position, or all."""

    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Resumed:
    """How many parked streams go on."""

    stream_count: int


@dataclass(frozen=True, slots=True)
class Rewound:
    """Where the subscription begins again, and where its furthest lane had been."""

    after: int
    was: int


@dataclass(frozen=True, slots=True)
class Removed:
    """How far a subscription was that is no more."""

    position: int


def subscription_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes of subscriptions."""
    _looking(app, router)
    _acting(app, router)


def _looking(app: Headrace, router: APIRouter) -> None:
    @router.get("/subscriptions", **needs("viewer", "subscriptions"))
    async def list_() -> Listed[SubscriptionDetail]:
        """All subscriptions: how far each is, how far behind (counted up to 10,000 events), and what is parked."""
        async with app.pool.acquire() as connection:
            return Listed(await list_subscriptions(connection, count_limit=_MOST_COUNTED))

    @router.get("/subscriptions/{name:path}", **needs("viewer", "subscriptions"))
    async def show(name: SubscriptionName) -> SubscriptionDetail:
        """One subscription."""
        return await _shown(app, name)

    @router.get("/parked-streams", **needs("viewer", "subscriptions"))
    async def parked(subscription: OfSubscription = None, limit: Limit = 100) -> Listed[ParkedStream]:
        """Parked streams, longest parked first: the event each waits at, why, and how many wait behind it."""
        async with app.pool.acquire() as connection:
            return Listed(await list_parked(connection, subscription, limit=limit))

    @router.get("/subscription-actions", **needs("viewer", "subscriptions"))
    async def actions(subscription: OfSubscription = None, limit: Limit = 50) -> Listed[SubscriptionAction]:
        """What was done to subscriptions and projections by hand, by whom and why, newest first."""
        async with app.pool.acquire() as connection:
            return Listed(await list_actions(connection, subscription, limit=limit))


def _acting(app: Headrace, router: APIRouter) -> None:
    @router.post("/subscriptions/{name:path}/pause", **needs("operator", "subscriptions"))
    async def pause(request: Request, name: SubscriptionName, wanted: Because | None = None) -> SubscriptionDetail:
        """Lets a subscription rest until it is resumed; batches at work end."""
        async with acting(app) as connection:
            await operate.pause(connection, name, reason=_reason(wanted), actor=principal_of(request).name)
        return await _shown(app, name)

    @router.post("/subscriptions/{name:path}/resume", **needs("operator", "subscriptions"))
    async def resume(request: Request, name: SubscriptionName, wanted: Because | None = None) -> SubscriptionDetail:
        """Ends a subscription's pause, and the rests of its lanes after failures."""
        async with acting(app) as connection:
            await operate.resume(connection, name, reason=_reason(wanted), actor=principal_of(request).name)
        return await _shown(app, name)

    @router.post("/subscriptions/{name:path}/resume-parked", **needs("operator", "subscriptions"))
    async def resume_parked(request: Request, name: SubscriptionName, wanted: Resume | None = None) -> Resumed:
        """Lets parked streams be handled again, in order: one, or all."""
        position = None if wanted is None else wanted.position
        async with acting(app) as connection:
            count = await operate.resume_parked(
                connection, name, position, reason=_reason(wanted), actor=principal_of(request).name
            )
        return Resumed(count)

    @router.post("/subscriptions/{name:path}/skip/{position}", **needs("operator", "subscriptions"))
    async def skip(
        request: Request, name: SubscriptionName, position: Annotated[int, Path(ge=0, le=LARGEST)], wanted: Skip
    ) -> SubscriptionDetail:
        """Gives up an event that a parked stream waits at; the stream goes on with the next."""
        async with acting(app) as connection:
            await operate.skip(connection, name, position, reason=wanted.reason, actor=principal_of(request).name)
        return await _shown(app, name)

    @router.delete("/subscriptions/{name:path}", **needs("admin", "subscriptions"))
    async def remove(
        request: Request, name: SubscriptionName, reason: Annotated[str | None, Query(max_length=2_000)] = None
    ) -> Removed:
        """Ends a subscription whose handler is gone; 409 where a living worker has it. Events are not kept for it."""
        async with acting(app) as connection:
            return Removed(await operate.remove(connection, name, reason=reason, actor=principal_of(request).name))

    @router.post("/subscriptions/{name:path}/replay", **needs("admin", "subscriptions"))
    async def replay(request: Request, name: SubscriptionName, wanted: Replay) -> Rewound:
        """Takes a subscription back; what its handler wrote stays, so it has to bear the repetition."""
        if (wanted.after is None) == (wanted.since is None):
            raise ProblemError(Problem(422, "give one of after and since"))
        async with acting(app) as connection:
            after = wanted.after
            if wanted.since is not None:
                after = await operate.position_at(connection, wanted.since)
            was = await operate.replay(
                connection, name, after=after or 0, reason=wanted.reason, actor=principal_of(request).name
            )
        return Rewound(after or 0, was)


@asynccontextmanager
async def acting(app: Headrace) -> AsyncGenerator[Connection]:
    """A transaction for one action on subscriptions; wakes the consumers after it."""
    async with app.transaction() as unit:
        yield unit.connection
    app.notify(HEAD_CHANNEL)


async def _shown(app: Headrace, name: str) -> SubscriptionDetail:
    async with app.pool.acquire() as connection:
        return (await list_subscriptions(connection, name, count_limit=_MOST_COUNTED))[0]


def _reason(wanted: Because | None) -> str | None:
    return None if wanted is None else wanted.reason
