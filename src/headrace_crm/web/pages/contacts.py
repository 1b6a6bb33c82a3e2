"""The people of a mailbox, and one of them with everything that is known."""

from datetime import UTC
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace import Headrace
from headrace.console import Problem, ProblemError, render
from headrace_crm.contacts.tags import asked_tag, list_tags, tags_of
from headrace_crm.enrichment.reading import read_profile
from headrace_crm.insights import list_insights
from headrace_crm.insights.evidence import evidence_of
from headrace_crm.mail.charset import clean_text
from headrace_crm.mail.owners import owner_as_of
from headrace_crm.scores.directory import Place, has_contacts, page_contacts, read_contact
from headrace_crm.scores.months import read_months
from headrace_crm.web.pages import bars, wording
from headrace_crm.web.pages.insights import SAID
from headrace_crm.web.pages.moment import month_ends, read_day
from headrace_crm.web.pages.reader import mailbox_asked_for, mailbox_choices, require_reader

_PAGE: Final = 50
_INSIGHTS: Final = 20
_MONTHS: Final = 24


class ContactPages:
    """The list of people and the page of one, on an open app."""

    def __init__(self, app: Headrace) -> None:
        self._app = app

    def routes(self) -> list[Route]:
        return [
            Route("/contacts", self.list, methods=["GET"]),
            Route("/contacts/{contact_id:uuid}", self.show, methods=["GET"]),
        ]

    async def list(self, request: Request) -> Response:
        """A page of people, strongest first; `text` finds them by name or address, `tag` by a tag."""
        require_reader(request)
        text = clean_text(request.query_params.get("text", "")).strip()
        after = request.query_params.get("after", "")
        tag = asked_tag(clean_text(request.query_params.get("tag", "")))
        async with self._app.pool.acquire() as connection:
            owner, mailboxes = await mailbox_asked_for(request, connection)
            page, is_scoring = None, False
            known: list[tuple[str, int]] = []
            tags: dict[UUID, tuple[str, ...]] = {}
            if owner is not None:
                place = Place.read(after)
                page = await page_contacts(connection, owner.id, text=text, tag=tag, after=place, limit=_PAGE)
                is_looking = page.walked_count or after or tag
                is_scoring = not is_looking and await has_contacts(connection, owner.id)
                known = await list_tags(connection, owner.id)
                tags = await tags_of(connection, [person.id for person in page.people])
        chosen = min(owner.addresses, default="") if owner is not None and len(mailboxes) > 1 else ""
        return render(
            request,
            "crm/contacts.html",
            page=page,
            text=text,
            tag=tag or "",
            known_tags=[(each, f"{each} ({holders:,})") for each, holders in known],
            tags=tags,
            after=after,
            mailbox=chosen,
            mailboxes=mailbox_choices(mailboxes),
            is_scoring=is_scoring,
            words=wording,
        )

    async def show(self, request: Request) -> Response:
        """One person: addresses, how close they are, what is worth doing, the newest messages, what sources say.

        With `at` counts, score and messages are as of the end of that day, by what is known today.
        """
        require_reader(request)
        contact_id: UUID = request.path_params["contact_id"]
        async with self._app.pool.acquire() as connection:
            found = await read_contact(connection, contact_id)
            if found is None:
                raise ProblemError(Problem(404, "nobody is here any more; look in the list of contacts"))
            now = await owner_as_of(connection, found.person.owner_id, now=self._app.clock.now())
            last = now.astimezone(UTC).date()
            asked = read_day(request.query_params.get("at", ""), last=last)
            if asked.at is not None:
                found = await read_contact(connection, contact_id, at=asked.at) or found
            profile = await read_profile(connection, contact_id)
            tags = (await tags_of(connection, [contact_id])).get(contact_id, ())
            insights = await list_insights(connection, found.person.owner_id, contact_id=contact_id, limit=_INSIGHTS)
            evidence = await evidence_of(connection, insights)
            months = await read_months(connection, contact_id, until=asked.at or now, count=_MONTHS)
        earlier, later = month_ends(asked.at or now, last=last)
        return render(
            request,
            "crm/contact.html",
            person=found.person,
            messages=found.messages,
            profile=profile,
            tags=tags,
            insights=insights,
            evidence=evidence,
            said=SAID.get(request.query_params.get("did", "")),
            asked=asked,
            last=last,
            earlier=earlier,
            later=later if asked.at is not None else None,
            columns=bars.columns([(f"{month.first:%Y-%m}", month.sent + month.received) for month in months]),
            words=wording,
        )
