"""Queues and limits: how deep, how fast; paused, resumed and limited while workers run."""

from datetime import timedelta
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.console.access import recorded
from headrace.console.page import form_of, principal_of, redirect, render, site_of
from headrace.console.screens import fields
from headrace.console.screens.fields import Fields
from headrace.errors import ConfigurationError, LimitNotFoundError
from headrace.jobs.limit import QUEUE_MARK, Limit, Rate, Rule
from headrace.jobs.limit_rules import list_rules, set_rule, unset_rule
from headrace.jobs.limit_standing import holders_of, list_keys
from headrace.jobs.registry import require_queue

_MOST = 1_000_000_000
_SECOND = timedelta(seconds=1)


async def queues(request: Request) -> Response:
    """All queues, and all limits in force."""
    site = site_of(request)
    seen = await site.pulse.current()
    async with site.app.pool.acquire() as connection:
        rules = await list_rules(connection)
    return render(
        request,
        "console/queues.html",
        queues=seen.queues,
        live=site.pulse.values,
        rules=rules,
        limited={one.rule.name: one for one in rules},
        did=request.query_params.get("did", ""),
        queue=request.query_params.get("queue", ""),
    )


async def act(request: Request) -> Response:
    """Pauses or resumes a queue."""
    app, principal = site_of(request).app, principal_of(request)
    form = await form_of(request)
    name, what = fields.text(form, "queue") or "", fields.text(form, "act")
    reason = fields.text(form, "reason")
    if what not in {"pause", "resume"}:
        raise ConfigurationError(f"a queue can be paused and resumed, got {what!r:.60}")
    require_queue(name)
    async with recorded(app, request, principal, f"queues.{what}", {"queue": name, "reason": reason}):
        if what == "pause":
            await app.queues.pause(name, by=principal.name, reason=reason)
        else:
            await app.queues.resume(name, by=principal.name)
    return redirect(request, "/queues", {"did": what, "queue": name})


async def limit(request: Request) -> Response:
    """One limit: what it allows, what the code says, and how its keys stand."""
    name = request.path_params["name"]
    async with site_of(request).app.pool.acquire() as connection:
        found = await list_rules(connection, name)
        if not found and not name.startswith(QUEUE_MARK):
            raise LimitNotFoundError(name)
        keys = await list_keys(connection, name)
        held = await holders_of(connection, [one.key for one in keys if one.held])
    return render(
        request,
        "console/limit.html",
        name=name,
        stored=found[0] if found else None,
        keys=keys,
        held=held,
        did=request.query_params.get("did", ""),
    )


async def edit_limit(request: Request) -> Response:
    """Puts a limit in force, or takes the edit back."""
    app, principal = site_of(request).app, principal_of(request)
    name = request.path_params["name"]
    form = await form_of(request)
    if fields.text(form, "act") == "unset":
        async with (
            recorded(app, request, principal, "limits.unset", {"limit": name}),
            app.pool.acquire() as connection,
            connection.transaction(),
        ):
            is_left = await unset_rule(connection, name, by=principal.name) is not None
        if not is_left:
            return redirect(request, "/queues", {"did": "unset", "queue": name})
        return redirect(request, f"/limits/{quote(name)}", {"did": "unset"})
    rule = _rule(name, form)
    async with (
        recorded(app, request, principal, "limits.set", {"limit": name, "rule": str(rule)}),
        app.pool.acquire() as connection,
        connection.transaction(),
    ):
        await set_rule(connection, rule, by=principal.name)
    return redirect(request, f"/limits/{quote(name)}", {"did": "set"})


def _rule(name: str, form: Fields) -> Rule:
    if name.startswith(QUEUE_MARK):
        require_queue(name.removeprefix(QUEUE_MARK))
    else:
        Limit(name)
    concurrency = fields.number(form, "concurrency", least=0, most=_MOST)
    count = fields.number(form, "rate", least=1, most=_MOST)
    if concurrency is None and count is None:
        raise ConfigurationError("a limit has a concurrency, a rate or both; to be without, take the limit away")
    rate = None
    if count is not None:
        burst = fields.number(form, "burst", least=1, most=_MOST)
        rate = Rate(count, per=fields.period(form, "per") or _SECOND, burst=burst or 0)
    return Rule(name, concurrency, rate)


ROUTES = [
    Route("/queues", queues),
    Route("/queues/act", act, methods=["POST"]),
    Route("/limits/{name:path}", limit),
    Route("/limits/{name:path}", edit_limit, methods=["POST"]),
]
