"""Projections: which builds of each read model there are, how far a rebuild is, and which one is read."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.console.access import recorded
from headrace.console.page import form_of, principal_of, redirect, render, site_of
from headrace.console.screens import fields
from headrace.db.listener import HEAD_CHANNEL
from headrace.errors import ConfigurationError
from headrace.events import operate as subscriptions
from headrace.projections import operate
from headrace.projections.build import build_name
from headrace.projections.survey import list_details

_MOST_BUILDS = 2**31 - 1

SAID: Mapping[str, str] = MappingProxyType(
    {
        "rebuild": "Another build is begun; workers fill it beside the one that is read.",
        "pause": "The build rests until it is resumed.",
        "resume": "The build goes on.",
        "swap": "A worker shows that build once it is as far as the one that is read.",
        "roll-back": "A worker shows the build again that was read before.",
        "drop": "The build is dropped.",
    }
)


async def projections(request: Request) -> Response:
    """All read models with their builds, but for those that were dropped."""
    site = site_of(request)
    async with site.app.pool.acquire() as connection:
        builds = [one for one in await list_details(connection) if one.state != "dropped"]
    names = sorted({one.projection for one in builds})
    return render(
        request,
        "console/projections.html",
        models=[(name, [one for one in reversed(builds) if one.projection == name]) for name in names],
        declared=sorted({one.name for one in site.app.declarations}),
        said=SAID.get(request.query_params.get("did", "")),
        is_busy=any(one.state == "filling" and one.paused_at is None for one in builds),
    )


async def act(request: Request) -> Response:
    """Does one thing to a projection or a build of it."""
    app, principal = site_of(request).app, principal_of(request)
    form = await form_of(request)
    name, what = fields.text(form, "projection") or "", fields.text(form, "act")
    build = fields.number(form, "build", least=1, most=_MOST_BUILDS)
    reason, by = fields.text(form, "reason"), principal.name
    if what not in SAID or (build is None and what not in {"rebuild", "roll-back"}):
        raise ConfigurationError(f"{what!r:.60} cannot be done to build {build} of projection {name!r:.60}")
    number = build or 0
    async with recorded(app, request, principal, f"projections.{what}", {"projection": name, "build": build}):
        if what == "rebuild":
            await app.projections.rebuild(name, reason=reason, actor=by)
        else:
            async with app.transaction() as unit:
                connection = unit.connection
                match what:
                    case "pause":
                        await subscriptions.pause(connection, build_name(name, number), reason=reason, actor=by)
                    case "resume":
                        await subscriptions.resume(connection, build_name(name, number), reason=reason, actor=by)
                    case "swap":
                        await operate.want(connection, name, number, reason=reason, actor=by)
                    case "drop":
                        await operate.drop(connection, name, number, reason=reason, actor=by)
                    case _:
                        await operate.roll_back(connection, name, reason=reason, actor=by)
    app.notify(HEAD_CHANNEL)
    return redirect(request, "/projections", {"did": what})


ROUTES = [Route("/projections", projections), Route("/projections/act", act, methods=["POST"])]
