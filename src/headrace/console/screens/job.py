"""One job: what it is, every attempt, and what can be done with it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.console.access import recorded
from headrace.console.page import form_of, principal_of, redirect, render, site_of
from headrace.console.screens import fields
from headrace.console.screens.attempts import timeline
from headrace.errors import ConfigurationError
from headrace.jobs.browse import list_jobs, show_job
from headrace.jobs.bulk import STATES_OF, Deed, Verb
from headrace.jobs.explain import explain
from headrace.jobs.job import TERMINAL, Priority
from headrace.jobs.limit_standing import full_limits
from headrace.jobs.redriving import find_key_held
from headrace.jobs.selection import JobFilter
from headrace.jobs.tree import cancel_tree, retry_tree

_CHILDREN = 20

_ACTS = ("cancel", "retry", "reschedule", "prioritise", "cancel-tree", "retry-tree")

SAID: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {
        "cancel": ("Cancelled where it waits; where it runs, its worker is asked to stop it.", "retry"),
        "retry": ("It is due again, with its history.", "cancel"),
        "reschedule": ("It is due now.", None),
        "prioritise": ("It has its new priority.", None),
        "cancel-tree": ("Cancelled with everything below it.", "retry-tree"),
        "retry-tree": ("Whatever had not completed of it and below it is due again.", "cancel-tree"),
        "key-held": ("It stays as it ended: another job holds its unique key.", None),
        "nothing": ("Nothing to do: its state has changed meanwhile.", None),
    }
)
"""What is said after an action, and the action that takes it back."""


async def job(request: Request) -> Response:
    """Everything that is stored of a job, and why it stands where it does."""
    site = site_of(request)
    job_id = fields.as_uuid(request.path_params["id"], "a job's id")
    async with site.app.pool.acquire() as connection:
        found = await show_job(connection, job_id)
        children = await list_jobs(connection, parent_id=job_id, limit=_CHILDREN + 1)
        reasons = [] if found.state in TERMINAL else await explain(connection, job_id, limits=full_limits)
        key_held = (
            await find_key_held(connection, job_id, now=site.app.clock.override())
            if found.unique_key is not None and found.state in STATES_OF["retry"]
            else None
        )
    said = SAID.get(request.query_params.get("did", ""))
    return render(
        request,
        "console/job.html",
        job=found,
        moments=timeline(found),
        children=children[:_CHILDREN],
        has_more_children=len(children) > _CHILDREN,
        reasons=reasons,
        key_held=key_held,
        can={verb: found.state in states for verb, states in STATES_OF.items()},
        priorities=[one.name.lower() for one in Priority],
        said=said,
    )


async def act(request: Request) -> Response:
    """Does one thing to one job, recorded as an operation on it."""
    app, principal = site_of(request).app, principal_of(request)
    job_id = fields.as_uuid(request.path_params["id"], "a job's id")
    form = await form_of(request)
    async with app.pool.acquire() as connection:
        await show_job(connection, job_id)
    what, priority = fields.text(form, "act"), fields.text(form, "priority")
    if what not in _ACTS:
        raise ConfigurationError(f"nothing is called {what!r:.60} that can be done to a job")
    async with recorded(app, request, principal, f"jobs.{what}", {"job": job_id}) as record:
        match what:
            case "cancel-tree":
                await cancel_tree(app, job_id, by=principal.name)
            case "retry-tree":
                await retry_tree(app, job_id, by=principal.name)
            case _:
                done = await app.operations.run(_deed(what, job_id, priority), by=principal.name)
                record.subject["changed"] = done.changed_count
                what = what if done.changed_count else "key-held" if done.key_held_count else "nothing"
    return redirect(request, f"/jobs/{job_id}", {"did": what})


def _deed(verb: Verb, job_id: UUID, priority: str | None) -> Deed:
    chosen = JobFilter(ids=(job_id,))
    match verb:
        case "reschedule":
            return Deed(verb=verb, filter=chosen, run_at=datetime.now(UTC))
        case "prioritise":
            try:
                return Deed(verb=verb, filter=chosen, priority=Priority.named(priority or ""))
            except ValueError as error:
                raise ConfigurationError(str(error)) from error
        case _:
            return Deed(verb=verb, filter=chosen)


ROUTES = [Route("/jobs/{id}", job), Route("/jobs/{id}/act", act, methods=["POST"])]
