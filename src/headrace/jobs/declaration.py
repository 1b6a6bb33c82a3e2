"""Schedules declared in code, and how what is stored follows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal

import msgspec

from headrace.jobs.schedule import NOT_WANTED, Plan, Schedule


@dataclass(frozen=True, slots=True)
class Declaration:
    """One schedule as the code of an app declares it."""

    name: str
    plan: Plan
    is_enabled: bool = True

    @property
    def disabled_because(self) -> str | None:
        return None if self.is_enabled else NOT_WANTED

    def encode(self) -> str:
        """The text two declarations are compared by."""
        return msgspec.json.encode((self.plan, self.is_enabled)).decode()


Action = Literal["declared", "taken over", "disabled"]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written of one schedule, and what that comes to."""

    schedule: Schedule
    action: Action


def new_schedule(declaration: Declaration, *, app: str, now: datetime) -> Schedule:
    """A declared schedule that is not stored yet."""
    schedule = Schedule(
        **_fields(declaration.plan),
        name=declaration.name,
        source="code",
        app=app,
        disabled_because=declaration.disabled_because,
        anchor_at=now,
        created_at=now,
        declaration=declaration.encode(),
    )
    return replace(schedule, next_at=schedule.next_after(now))


def reconcile(
    declarations: Iterable[Declaration], stored: Sequence[Schedule], *, app: str, now: datetime
) -> list[Change]:
    """What an app's declarations change of what is stored.

    A pause stays. An edit made at run time stays until the code declares something else. What the
    app declared once and no longer does is disabled. A schedule of that name made at run time, or by
    another app, is taken over.
    """
    declared = {one.name: one for one in declarations}
    changes: list[Change] = []
    for schedule in stored:
        declaration = declared.get(schedule.name)
        if declaration is not None:
            if not _is_as_declared(schedule, declaration, app):
                is_ours = schedule.source == "code" and schedule.app == app
                changes.append(
                    Change(_redeclared(schedule, declaration, app, now), "declared" if is_ours else "taken over")
                )
        elif schedule.source == "code" and schedule.app == app and schedule.declaration is not None:
            gone = f"no longer declared by app {app!r}"
            changes.append(Change(replace(schedule, disabled_because=gone, next_at=None, declaration=None), "disabled"))
    return changes


def _is_as_declared(schedule: Schedule, declaration: Declaration, app: str) -> bool:
    return (
        schedule.source == "code"
        and schedule.app == app
        and schedule.disabled_because == declaration.disabled_because
        and schedule.declaration is not None
        and msgspec.json.decode(schedule.declaration) == msgspec.json.decode(declaration.encode())
    )


def _redeclared(schedule: Schedule, declaration: Declaration, app: str, now: datetime) -> Schedule:
    changed = replace(
        schedule,
        **_fields(declaration.plan),
        source="code",
        app=app,
        declaration=declaration.encode(),
        disabled_because=declaration.disabled_because,
        edited_at=None,
        edited_by=None,
    )
    return retimed(schedule, changed, now=now)


def retimed(before: Schedule, after: Schedule, *, now: datetime) -> Schedule:
    """The changed schedule with its next tick: a new one only where its timing changed, or it did not tick."""
    is_same_rhythm = (before.cron, before.timezone, before.every) == (after.cron, after.timezone, after.every)
    if is_same_rhythm and after.is_live and before.next_at is not None:
        return after
    if before.every != after.every:
        after = replace(after, anchor_at=now)
    return replace(after, next_at=after.next_after(now))


def _fields(plan: Plan) -> dict[str, Any]:
    return {field.name: getattr(plan, field.name) for field in fields(plan)}
