"""Subscriptions: how far each is behind, what it has parked; paused, resumed, taken back."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.app import Headrace
from headrace.console.access import recorded
from headrace.console.page import form_of, principal_of, redirect, render, site_of
from headrace.console.screens import fields
from headrace.db.connection import Connection
from headrace.db.listener import HEAD_CHANNEL
from headrace.errors import ConfigurationError
from headrace.events import operate
from headrace.events.survey import list_actions, list_parked, list_subscriptions

_LARGEST = 2**63 - 1
_MOST_PARKED = 50
_COUNTED = 10_000

SAID: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {
        "pause": ("It rests until it is resumed; batches at work still end.", "resume"),
        "resume": ("It goes on.", "pause"),
        "resume-parked": ("What was parked is handled again, in order.", None),
        "skip": ("The event is given up; its stream goes on with the next.", None),
        "replay": ("It meets those events again.", None),
    }
)


async def subscriptions(request: Request) -> Response:
    """All durable readers of the log."""
    site = site_of(request)
    seen = await site.pulse.current()
    return render(
        request, "console/subscriptions.html", subscriptions=seen.subscriptions, live=site.pulse.values, head=seen.head
    )


async def subscription(request: Request) -> Response:
    """One of them: where it is, its parked streams, and what was done to it by hand."""
    name = request.path_params["name"]
    async with site_of(request).app.pool.acquire() as connection:
        (found,) = await list_subscriptions(connection, name, count_limit=_COUNTED)
        parked = await list_parked(connection, name, limit=_MOST_PARKED)
        actions = await list_actions(connection, name, limit=20)
    return render(
        request,
        "console/subscription.html",
        one=found,
        parked=parked,
        actions=actions,
        counted=_COUNTED,
        said=SAID.get(request.query_params.get("did", "")),
    )


async def act(request: Request) -> Response:
    """Does one thing to a subscription, and keeps why."""
    app, principal = site_of(request).app, principal_of(request)
    name = request.path_params["name"]
    form = await form_of(request)
    what, reason = fields.text(form, "act"), fields.text(form, "reason")
    position = fields.number(form, "position", least=0, most=_LARGEST)
    subject = {"subscription": name, "position": position, "reason": reason}
    async with recorded(app, request, principal, f"subscriptions.{what}"[:60], subject), _acting(app) as connection:
        by = principal.name
        match what:
            case "pause":
                await operate.pause(connection, name, reason=reason, actor=by)
            case "resume":
                await operate.resume(connection, name, reason=reason, actor=by)
            case "resume-parked":
                await operate.resume_parked(connection, name, position, reason=reason, actor=by)
            case "skip" if position is not None:
                await operate.skip(connection, name, position, reason=reason or "", actor=by)
            case "replay" if position is not None:
                await operate.replay(connection, name, after=position, reason=reason, actor=by)
            case _:
                raise ConfigurationError(f"{what!r:.60} at event {position} cannot be done to a subscription")
    return redirect(request, f"/subscriptions/{quote(name)}", {"did": what})


@asynccontextmanager
async def _acting(app: Headrace) -> AsyncGenerator[Connection]:
    """A transaction for one action; wakes the consumers after it."""
    async with app.transaction() as unit:
        yield unit.connection
    app.notify(HEAD_CHANNEL)


ROUTES = [
    Route("/subscriptions", subscriptions),
    Route("/subscriptions/{name:path}/act", act, methods=["POST"]),
    Route("/subscriptions/{name:path}", subscription),
]
