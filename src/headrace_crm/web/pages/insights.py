"""What is worth doing about people, and saying so of each: accepted or dismissed."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, cast, get_args
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace import Headrace
from headrace.console import Problem, ProblemError, form_of, principal_of, recorded, redirect, render
from headrace_crm.insights import KINDS, STATES, InsightNotFoundError, Kind, State, accept, dismiss, list_insights
from headrace_crm.insights.evidence import evidence_of
from headrace_crm.web.pages import wording
from headrace_crm.web.pages.reader import mailbox_asked_for, mailbox_choices, require_operator, require_reader

_SHOWN: Final = 50
_PATH: Final = "/crm/insights"

SAID: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accept": "Accepted: it is shown no more, and more of its kind come up.",
        "dismiss": "Dismissed: it comes back only when it rests on something new, and less of its kind comes up.",
    }
)


class InsightPages:
    """The list of insights, on an open app; viewers look, operators accept and dismiss."""

    def __init__(self, app: Headrace) -> None:
        self._app = app

    def routes(self) -> list[Route]:
        return [
            Route("/insights", self.list, methods=["GET"]),
            Route("/insights/{insight_id:uuid}/answer", self.answer, methods=["POST"]),
        ]

    async def list(self, request: Request) -> Response:
        """The best insights of a mailbox, of one kind or all, open unless another `state` is asked for."""
        require_reader(request)
        kind, state = request.query_params.get("kind", ""), request.query_params.get("state", "open")
        kinds: list[Kind] | None = [kind] if kind in KINDS else None
        chosen: State = cast("State", state) if state in get_args(State) else "open"
        found, evidence = None, {}
        async with self._app.pool.acquire() as connection:
            owner, mailboxes = await mailbox_asked_for(request, connection)
            if owner is not None:
                found = await list_insights(connection, owner.id, kinds=kinds, states=[chosen], limit=_SHOWN)
                evidence = await evidence_of(connection, found)
        return render(
            request,
            "crm/insights.html",
            insights=found,
            evidence=evidence,
            kind=kind if kinds else "",
            kinds=[("", "all"), *((each, wording.INSIGHTS[each]) for each in KINDS)],
            state=chosen,
            states=[(each, each) for each in STATES],
            is_full=found is not None and len(found) == _SHOWN,
            mailbox=min(owner.addresses, default="") if owner is not None and len(mailboxes) > 1 else "",
            mailboxes=mailbox_choices(mailboxes),
            said=SAID.get(request.query_params.get("did", "")),
            words=wording,
        )

    async def answer(self, request: Request) -> Response:
        """Accepts or dismisses an insight, and leads back to where it was shown."""
        require_operator(request)
        insight_id: UUID = request.path_params["insight_id"]
        form = await form_of(request)
        what = str(form.get("act", ""))
        if what not in SAID:
            raise ProblemError(Problem(400, f"nothing is called {what!r:.60} that can be said to an insight"))
        say = accept if what == "accept" else dismiss
        subject = {"insight_id": str(insight_id)}
        async with recorded(self._app, request, principal_of(request), f"insights.{what}", subject) as record:
            try:
                async with self._app.transaction() as tx:
                    said = await say(tx, insight_id, now=self._app.clock.now(), channel="web")
            except InsightNotFoundError:
                record.status = 404
            else:
                record.status = 303
                if form.get("back") == "contact":
                    return redirect(request, f"/crm/contacts/{said.contact_id}", {"did": what})
                mailbox = str(form.get("mailbox", ""))
                return redirect(request, _PATH, {"did": what, **({"mailbox": mailbox} if mailbox else {})})
        raise ProblemError(Problem(404, "no such insight is here any more; look in the list of insights"))
