"""What happened in a mailbox in the last days, and what its mail comes to."""

from datetime import UTC
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace import Headrace
from headrace.console import render
from headrace_crm.activity.summary import user_activity
from headrace_crm.analytics.store import read_analytics
from headrace_crm.mail.owners import owner_as_of
from headrace_crm.web.pages import bars, wording
from headrace_crm.web.pages.reader import mailbox_asked_for, mailbox_choices, require_reader

_SPANS: Final = {"7": 7, "30": 30, "90": 90, "366": 366}
_USUAL: Final = "30"
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class ActivityPage:
    """One page on an open app: sums, days, the newest interactions, response times and threads that wait."""

    def __init__(self, app: Headrace) -> None:
        self._app = app

    def routes(self) -> list[Route]:
        return [Route("/activity", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """The last `days` days of a mailbox, and its figures as last calculated."""
        require_reader(request)
        asked = request.query_params.get("days", _USUAL)
        days = _SPANS.get(asked, _SPANS[_USUAL])
        activity, analytics = None, None
        async with self._app.pool.acquire() as connection:
            owner, mailboxes = await mailbox_asked_for(request, connection)
            if owner is not None:
                as_of = await owner_as_of(connection, owner.id, now=self._app.clock.now())
                activity = await user_activity(connection, owner.id, days=days, as_of=as_of)
                analytics = await read_analytics(connection, owner.id)
        by_day = hours = weekdays = None
        if activity is not None:
            last = activity.as_of.astimezone(UTC).date()
            by_day = bars.columns(bars.every_day(activity.by_day, last=last, days=days))
        if analytics is not None:
            figures = analytics.figures
            hours = bars.columns([(f"{hour:02}:00 UTC", count) for hour, count in enumerate(figures.hours)])
            weekdays = bars.columns(list(zip(_WEEKDAYS, figures.weekdays, strict=True)))
        return render(
            request,
            "crm/activity.html",
            activity=activity,
            analytics=analytics,
            by_day=by_day,
            hours=hours,
            weekdays=weekdays,
            days=str(days),
            mailbox=min(owner.addresses, default="") if owner is not None and len(mailboxes) > 1 else "",
            mailboxes=mailbox_choices(mailboxes),
            words=wording,
        )
