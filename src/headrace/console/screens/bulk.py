"""Actions on many jobs: shown first with how many there are, then begun, then done in the background.

What is shown has an address of its own, and what is begun leads to the operation's: every page can be reloaded and
gone back to.
"""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.app import Headrace
from headrace.console.access import Key, recorded
from headrace.console.page import form_of, principal_of, redirect, render, site_of
from headrace.console.screens import fields, job_query
from headrace.console.screens.fields import Fields
from headrace.errors import ConfigurationError
from headrace.ids import uuid7
from headrace.jobs.bulk import STATES_OF, Deed, Verb
from headrace.jobs.job import Priority
from headrace.jobs.operation import chosen_ids
from headrace.jobs.selection import JobFilter

_PATIENCE = timedelta(seconds=1)
_OWN = frozenset({"total", "reason", "once"})
"""Fields of the form that begins it, which the page makes anew."""

TITLES: dict[Verb, str] = {
    "cancel": "Cancel",
    "retry": "Run again",
    "reschedule": "Run now",
    "prioritise": "Set priority of",
    "delete": "Delete",
}


async def preview(request: Request) -> Response:
    """How many jobs it would be done to, and some of them; changes nothing."""
    app = site_of(request).app
    form = request.query_params
    deed = await _deed(app, form)
    _require_may(request, deed.verb)
    seen = await app.operations.preview(deed, patience=_PATIENCE)
    return render(
        request,
        "console/bulk.html",
        deed=deed,
        seen=seen,
        title=TITLES[deed.verb],
        hidden=[(name, value) for name, value in form.multi_items() if name not in _OWN],
        once=uuid7(),
        back=job_query.read(form, datetime.now(UTC)).given,
    )


async def begin(request: Request) -> Response:
    """Begins it, and leads to the page that tells how far it is; the same form sent again leads there too."""
    site, principal = site_of(request), principal_of(request)
    form = await form_of(request)
    deed = await _deed(site.app, form)
    _require_may(request, deed.verb)
    once = fields.uuid(form, "once")
    key = None if once is None else Key(f"form {once}", hashlib.sha256(once.bytes).digest())
    total = fields.number(form, "total", least=0, most=10**12)
    operations = site.app.operations
    subject = {"verb": deed.verb, "filter": deed.filter.given()}
    async with recorded(site.app, request, principal, f"jobs.{deed.verb}", subject, key=key) as record:
        if record.earlier is not None:
            begun = (record.earlier.answer or b"").decode()
            return redirect(request, f"/operations/{begun}" if begun else "/operations")
        operation_id = await operations.begin(
            deed, by=principal.name, reason=fields.text(form, "reason"), total=total or 0
        )
        record.subject["operation"] = operation_id
        record.answer = str(operation_id).encode()
        operations.go_on(operation_id)
    return redirect(request, f"/operations/{operation_id}")


async def _deed(app: Headrace, form: Fields) -> Deed:
    """What a form asks for: the jobs of an operation or those chosen one by one, or else all that fit its filter."""
    now = datetime.now(UTC)
    wanted = fields.text(form, "act")
    verb = next((verb for verb in get_args(Verb) if verb == wanted), None)
    if verb is None:
        raise ConfigurationError(f"nothing is called {wanted!r:.60} that can be done to jobs")
    ids = tuple(fields.as_uuid(one, "a job's id") for one in fields.texts(form, "id"))
    operation = fields.uuid(form, "operation")
    if operation is not None:
        ids = chosen_ids(await app.operations.get(operation))
        if not ids:
            raise ConfigurationError(f"operation {operation} was done to a filter, not to chosen jobs; choose jobs")
    chosen = JobFilter(ids=ids) if ids else job_query.read(form, now).filter
    if not ids and chosen.is_empty:
        # Without a filter the states that the action takes are named, so that it says what it will do.
        chosen = replace(chosen, states=STATES_OF[verb])
    elif chosen.states:
        chosen = replace(chosen, states=tuple(one for one in chosen.states if one in STATES_OF[verb]))
        if not chosen.states:
            raise ConfigurationError(f"{verb} takes jobs that are {', '.join(STATES_OF[verb])}; none of these is")
    return Deed(
        verb=verb,
        filter=chosen,
        run_at=now if verb == "reschedule" else None,
        priority=_priority(form) if verb == "prioritise" else None,
    )


def _priority(form: Fields) -> Priority:
    try:
        return Priority.named(fields.text(form, "priority") or "")
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


def _require_may(request: Request, verb: Verb) -> None:
    if verb == "delete" and not principal_of(request).may("admin", "jobs"):
        raise HTTPException(403, "what is deleted cannot be had again; only an admin may delete")


ROUTES = [
    Route("/jobs/bulk", preview),
    Route("/jobs/bulk/begin", begin, methods=["POST"]),
]
