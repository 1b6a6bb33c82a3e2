"""Schedules: when each ticks next; paused, run now, changed and made."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.console.access import recorded
from headrace.console.page import form_of, principal_of, redirect, render, site_of
from headrace.console.screens import fields
from headrace.console.screens.fields import Fields
from headrace.console.screens.known_kinds import known_kinds
from headrace.errors import ConfigurationError
from headrace.jobs.schedule import CatchUp, Schedule

_NEXT = 5

SAID: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {
        "pause": ("It does not tick until it is resumed.", "resume"),
        "resume": ("It goes on with its next tick.", "pause"),
        "trigger": ("A job of it is due now, beside its ticks.", None),
        "edit": ("It is changed. What code declares comes back when the code declares something else.", None),
        "create": ("It is made.", None),
        "delete": ("It is gone; the jobs it made stay.", None),
    }
)


async def schedules(request: Request) -> Response:
    """All schedules, those of all apps."""
    app = site_of(request).app
    async with app.pool.acquire() as connection:
        kinds = await known_kinds(connection)
    return render(
        request,
        "console/schedules.html",
        schedules=await app.schedules.all(),
        kinds=kinds,
        said=SAID.get(request.query_params.get("did", "")),
    )


async def schedule(request: Request) -> Response:
    """One schedule: what it runs, its next ticks, and a form to change it."""
    app = site_of(request).app
    found = await app.schedules.get(request.path_params["name"])
    return render(
        request,
        "console/schedule.html",
        schedule=found,
        ticks=next_ticks(found, datetime.now(UTC)),
        said=SAID.get(request.query_params.get("did", "")),
    )


async def act(request: Request) -> Response:
    """Does one thing to a schedule."""
    app, principal = site_of(request).app, principal_of(request)
    name = request.path_params["name"]
    form = await form_of(request)
    what = fields.text(form, "act")
    if what not in {"pause", "resume", "trigger", "edit", "delete"}:
        raise ConfigurationError(f"nothing is called {what!r:.60} that can be done to a schedule")
    changes = _changes(form) if what == "edit" else {}
    async with recorded(app, request, principal, f"schedules.{what}", {"schedule": name, **_told(changes)}):
        match what:
            case "pause":
                await app.schedules.pause(name, by=principal.name)
            case "resume":
                await app.schedules.resume(name, by=principal.name)
            case "trigger":
                await app.schedules.trigger(name, by=principal.name)
            case "delete":
                await app.schedules.delete(name, by=principal.name)
            case _:
                await app.schedules.edit(name, by=principal.name, **changes)
    return redirect(request, "/schedules" if what == "delete" else f"/schedules/{quote(name)}", {"did": what})


async def create(request: Request) -> Response:
    """Makes a schedule at run time."""
    app, principal = site_of(request).app, principal_of(request)
    form = await form_of(request)
    name, kind = fields.text(form, "name") or "", fields.text(form, "kind") or ""
    changes = _changes(form)
    args = changes.pop("args", None)
    async with recorded(app, request, principal, "schedules.create", {"schedule": name, **_told(changes)}):
        await app.schedules.create(name, kind, args, by=principal.name, **changes)
    return redirect(request, f"/schedules/{quote(name)}", {"did": "create"})


def next_ticks(schedule: Schedule, now: datetime, most: int = _NEXT) -> list[datetime]:
    """The ticks to come, the next one first; none where it does not tick."""
    if schedule.next_at is None:
        return []
    rhythm, ticks = schedule.rhythm(schedule.anchor_at), [schedule.next_at]
    while len(ticks) < most and (tick := rhythm.next_after(max(ticks[-1], now))) is not None:
        ticks.append(tick)
    return ticks


def _changes(form: Fields) -> dict[str, Any]:
    """What a form gives; empty fields leave things as they are."""
    cron, every = fields.text(form, "cron"), fields.period(form, "every")
    args = fields.text(form, "args")
    given: dict[str, Any] = {
        "cron": cron,
        "timezone": fields.text(form, "timezone"),
        "every": every,
        "catch_up": _policy(fields.text(form, "catch_up")),
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if args is not None:
        try:
            changes["args"] = msgspec.json.decode(args)
        except msgspec.DecodeError as error:
            raise ConfigurationError(f"args must be JSON, got {args!r:.60}: {error}") from error
    return changes


def _policy(value: str | None) -> CatchUp | None:
    match value:
        case None | "none" | "last" | "all":
            return value
        case _:
            raise ConfigurationError(f"catch_up is none, last or all, got {value!r:.60}")


def _told(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, timedelta) else value for name, value in changes.items()}


ROUTES = [
    Route("/schedules", schedules),
    Route("/schedules", create, methods=["POST"]),
    Route("/schedules/{name:path}/act", act, methods=["POST"]),
    Route("/schedules/{name:path}", schedule),
]
