"""Searching mail and people from the browser."""

from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace import Headrace
from headrace.console import render
from headrace_crm.mail.charset import clean_text
from headrace_crm.search.desk import Desk, PersonNotFoundError, Question
from headrace_crm.search.searching import Found
from headrace_crm.web.pages import wording
from headrace_crm.web.pages.reader import mailbox_asked_for, mailbox_choices, require_reader

_SHOWN: Final = 20
_LONGEST: Final = 500
_FIELDS: Final = ("text", "person", "since", "until", "mailbox")


class SearchPage:
    """One page: the fields, and what was found by a desk on the same app."""

    def __init__(self, app: Headrace, desk: Desk) -> None:
        self._app = app
        self._desk = desk

    def routes(self) -> list[Route]:
        return [Route("/search", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """What fits a query best; the fields alone without one."""
        require_reader(request)
        given = {name: clean_text(request.query_params.get(name, "")).strip()[:_LONGEST] for name in _FIELDS}
        async with self._app.pool.acquire() as connection:
            owner, mailboxes = await mailbox_asked_for(request, connection)
        addresses = (min(owner.addresses),) if owner is not None and given["mailbox"] and owner.addresses else ()
        found, problem = None, None
        if given["text"] and owner is not None:
            try:
                found = await self._find(given, addresses)
            except PersonNotFoundError:
                problem = f"Nobody in your contacts is called {given['person']}."
            except ValueError:
                problem = "A day is written like 2007-12-31."
        return render(
            request,
            "crm/search.html",
            given=given,
            found=found,
            problem=problem,
            mailboxes=[("", "all"), *mailbox_choices(mailboxes)] if mailboxes else [],
            words=wording,
        )

    async def _find(self, given: dict[str, str], addresses: tuple[str, ...]) -> Found:
        until = _day(given["until"])
        return await self._desk.search(
            Question(
                text=given["text"],
                owners=addresses,
                person=given["person"] or None,
                since=_day(given["since"]),
                before=None if until is None else until + timedelta(days=1),
                limit=_SHOWN,
            )
        )


def _day(text: str) -> datetime | None:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) if text else None
