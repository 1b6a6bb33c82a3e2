"""Queues and limits over HTTP: look at them, pause and resume, set and unset."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import Field

from headrace.app import Headrace
from headrace.console.access.problem import Problem, ProblemError
from headrace.console.api.need import needs
from headrace.console.api.page import Because, Body, Listed
from headrace.console.api.route import principal_of
from headrace.errors import LimitNotFoundError
from headrace.jobs.limit import Limit, Rate, Rule
from headrace.jobs.limit_rules import StoredRule, list_rules, set_rule, unset_rule
from headrace.jobs.limit_standing import Holder, KeyStanding, holders_of, list_keys
from headrace.jobs.queues import QueueSummary
from headrace.jobs.registry import require_queue

QueueName = Annotated[str, Path(min_length=1, max_length=200)]
LimitName = Annotated[str, Path(min_length=1, max_length=201, description="A limit, or `@` and a queue.")]


class RateGiven(Body):
    """A token bucket: `count` tokens come every so many seconds, and up to `burst` are kept."""

    count: int = Field(ge=1, le=2**31 - 1)
    per_seconds: float = Field(default=1.0, ge=0.001, le=3_153_600_000, allow_inf_nan=False)
    burst: int | None = Field(default=None, ge=1, le=2**31 - 1)


class RuleGiven(Body):
    """What a limit allows: how many jobs of a key run at a time, how fast they begin, or both."""

    concurrency: int | None = Field(default=None, ge=0, le=2**31 - 1)
    rate: RateGiven | None = None


@dataclass(frozen=True, slots=True)
class KeyHeld:
    """How one key stands, and the running jobs that hold its slots."""

    standing: KeyStanding
    holders: list[Holder]


@dataclass(frozen=True, slots=True)
class LimitKeys:
    """A rule in force and the keys last used under it."""

    rule: StoredRule
    keys: list[KeyHeld]


@dataclass(frozen=True, slots=True)
class Unset:
    """What is in force after an edit was taken back: what the code declares, or nothing."""

    rule: StoredRule | None


def queue_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes of queues and limits."""

    @router.get("/queues", **needs("viewer", "queues"))
    async def list_() -> Listed[QueueSummary]:
        """The queues that are paused, served, named by a kind or have living jobs."""
        return Listed(await app.queues.all())

    @router.get("/queues/{name}", **needs("viewer", "queues"))
    async def show(name: QueueName) -> QueueSummary:
        """One queue as it is now; one without any trace is there, with nothing in it."""
        require_queue(name)
        return await app.queues.get(name)

    @router.post("/queues/{name}/pause", **needs("operator", "queues"))
    async def pause(name: QueueName, wanted: Because | None = None) -> QueueSummary:
        """Lets no worker claim a job of a queue. Those that run go on."""
        return await app.queues.pause(name, reason=None if wanted is None else wanted.reason)

    @router.post("/queues/{name}/resume", **needs("operator", "queues"))
    async def resume(name: QueueName) -> QueueSummary:
        """Ends the pause of a queue."""
        return await app.queues.resume(name)


def limit_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes of limits."""

    @router.get("/limits", **needs("viewer", "limits"))
    async def list_() -> Listed[StoredRule]:
        """The rules in force."""
        async with app.pool.acquire() as connection:
            return Listed(await list_rules(connection))

    @router.get("/limits/{name:path}", **needs("viewer", "limits"))
    async def show(name: LimitName) -> LimitKeys:
        """A rule, the keys last used under it, what each holds and who holds it."""
        async with app.pool.acquire() as connection:
            rules = await list_rules(connection, name)
            if not rules:
                raise LimitNotFoundError(name)
            keys = await list_keys(connection, name)
            held = await holders_of(connection, [one.key for one in keys if one.held])
        return LimitKeys(rules[0], [KeyHeld(one, list(held.get(one.key, ()))) for one in keys])

    @router.put("/limits/{name:path}", name="set", **needs("operator", "limits"))
    async def set_(request: Request, name: LimitName, wanted: RuleGiven) -> StoredRule:
        """Puts a limit in force at once, whatever the code declares: all of it is given anew."""
        if wanted.concurrency is None and wanted.rate is None:
            raise ProblemError(Problem(422, "give concurrency, rate or both; DELETE takes a limit away"))
        if name.startswith("@"):
            require_queue(name[1:])
        else:
            Limit(name)
        given = wanted.rate
        rate = None
        if given is not None:
            rate = Rate(given.count, per=timedelta(seconds=given.per_seconds), burst=given.burst or 0)
        async with app.pool.acquire() as connection, connection.transaction():
            return await set_rule(connection, Rule(name, wanted.concurrency, rate), by=principal_of(request).name)

    @router.delete("/limits/{name:path}", **needs("operator", "limits"))
    async def unset(request: Request, name: LimitName) -> Unset:
        """Takes an edit back: what the code declares is in force again, or no limit."""
        async with app.pool.acquire() as connection, connection.transaction():
            return Unset(await unset_rule(connection, name, by=principal_of(request).name))
