"""Replays over HTTP: let a handler meet history again, in a job or as a dry run; look at that, and steer it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from headrace.app import Headrace
from headrace.console.api.events import StreamGiven
from headrace.console.api.need import needs
from headrace.console.api.page import Because, Limit, Listed, Moment, Name, Position
from headrace.events.event import Stream
from headrace.events.filter import EventFilter
from headrace.replay.rehearsal import Rehearsal
from headrace.replay.replay import Replay

_LONGEST_REHEARSAL = 60


class NewReplay(Because):
    """Which handler meets which events again. Its jobs and events are kept back, unless `effects` asks for them."""

    handler: Name
    types: list[Name] | None = Field(default=None, max_length=100)
    stream: StreamGiven | None = None
    aggregate_type: Name | None = None
    tenant_id: str | None = Field(default=None, max_length=200)
    user_id: str | None = Field(default=None, max_length=200)
    correlation_id: UUID | None = None
    since: Moment | None = None
    before: Moment | None = None
    after: Position = 0
    until: Position | None = None
    effects: bool = False
    batch_size: int | None = Field(default=None, ge=1, le=10_000)
    dry_run: bool = False

    def chosen(self) -> EventFilter:
        """The filter it stands for."""
        return EventFilter(
            types=None if self.types is None else tuple(sorted(set(self.types))),
            stream=None if self.stream is None else Stream(self.stream.aggregate_type, self.stream.aggregate_id),
            aggregate_type=self.aggregate_type,
            tenant_id=self.tenant_id,
            user_id=self.user_id,
            correlation_id=self.correlation_id,
            since=self.since,
            before=self.before,
        )


@dataclass(frozen=True, slots=True)
class ReplayBegun:
    """The replay that was begun; or with `dry_run` what one would change and send."""

    replay: Replay | None = None
    rehearsal: Rehearsal | None = None


def replay_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes of replays."""

    @router.get("/replays", **needs("viewer", "replays"))
    async def list_(limit: Limit = 50) -> Listed[Replay]:
        """The newest replays, newest first."""
        return Listed(await app.replays.all(limit=limit))

    @router.post("/replays", status_code=201, **needs("admin", "replays"))
    async def begin(wanted: NewReplay) -> ReplayBegun:
        """Begins a replay in a job of a worker; with `dry_run` tells here, within a minute, what it would do."""
        options: dict[str, Any] = {"after": wanted.after, "until": wanted.until, "batch_size": wanted.batch_size}
        if wanted.dry_run:
            patience = timedelta(seconds=_LONGEST_REHEARSAL)
            return ReplayBegun(
                rehearsal=await app.replays.rehearse(wanted.handler, wanted.chosen(), patience=patience, **options)
            )
        replay = await app.replays.begin(
            wanted.handler, wanted.chosen(), has_effects=wanted.effects, reason=wanted.reason, **options
        )
        return ReplayBegun(replay=replay)

    @router.get("/replays/{replay_id}", **needs("viewer", "replays"))
    async def show(replay_id: UUID) -> Replay:
        """One replay: how far it is, and what it kept back."""
        return await app.replays.show(replay_id)

    @router.post("/replays/{replay_id}/pause", **needs("operator", "replays"))
    async def pause(replay_id: UUID) -> Replay:
        """Lets a replay rest once its batch has ended."""
        return await app.replays.pause(replay_id)

    @router.post("/replays/{replay_id}/resume", **needs("operator", "replays"))
    async def resume(replay_id: UUID) -> Replay:
        """Goes on with a replay that is paused or has failed, from where it was."""
        return await app.replays.resume(replay_id)

    @router.post("/replays/{replay_id}/cancel", **needs("operator", "replays"))
    async def cancel(replay_id: UUID) -> Replay:
        """Ends a replay where it is, for good; what was written stays."""
        return await app.replays.cancel(replay_id)
