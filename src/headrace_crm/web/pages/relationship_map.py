"""The relationship map: the people around an owner by how close they are, and who of them share threads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace import Headrace
from headrace.console import render
from headrace_crm.scores.directory import has_contacts, page_contacts
from headrace_crm.scores.people import Person
from headrace_crm.scores.ties import Tie, read_ties
from headrace_crm.web.pages import wording
from headrace_crm.web.pages.orbit import Arc, Ring, Spot, arcs, arrange
from headrace_crm.web.pages.reader import mailbox_asked_for, mailbox_choices, require_reader

_WIDE: Final = (Ring(6, 150), Ring(13, 290), Ring(21, 420))
_NARROW: Final = (Ring(4, 72), Ring(8, 142))
_MOST: Final = sum(ring.places for ring in _WIDE)
_MOST_TIES: Final = 120
_NAMED_WITH: Final = 3


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of some people: where each stands, and what is between them."""

    rings: Sequence[Ring]
    spots: Mapping[UUID, Spot]
    arcs: Sequence[Arc[UUID]]


class MapPage:
    """One page on an open app: a drawing for wide screens, one of fewer people for phones, and the same as a table."""

    def __init__(self, app: Headrace) -> None:
        self._app = app

    def routes(self) -> list[Route]:
        return [Route("/map", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """The forty closest people of a mailbox."""
        require_reader(request)
        people: Sequence[Person] = ()
        ties: list[Tie] = []
        is_scoring = False
        async with self._app.pool.acquire() as connection:
            owner, mailboxes = await mailbox_asked_for(request, connection)
            if owner is not None:
                people = (await page_contacts(connection, owner.id, limit=_MOST)).people
                ties = await read_ties(connection, [person.id for person in people], limit=_MOST_TIES)
                is_scoring = not people and await has_contacts(connection, owner.id)
        return render(
            request,
            "crm/map.html",
            people=people,
            by_id={person.id: person for person in people},
            wide=chart(people, ties, _WIDE),
            narrow=chart(people, ties, _NARROW),
            together=together(people, ties),
            is_scoring=is_scoring,
            mailbox=min(owner.addresses, default="") if owner is not None and len(mailboxes) > 1 else "",
            mailboxes=mailbox_choices(mailboxes),
            words=wording,
        )


def chart(people: Sequence[Person], ties: Sequence[Tie], rings: Sequence[Ring]) -> Chart:
    """The drawing of as many of the people as the rings have places for."""
    threads = [(tie.one, tie.other, tie.thread_count) for tie in ties]
    spots = arrange([person.id for person in people], threads, rings)
    return Chart(rings, spots, arcs(spots, threads))


def together(people: Sequence[Person], ties: Sequence[Tie]) -> Mapping[UUID, Sequence[tuple[Person, int]]]:
    """For each person the three with whom they share most threads, and how many."""
    by_id = {person.id: person for person in people}
    found: dict[UUID, list[tuple[Person, int]]] = {person.id: [] for person in people}
    for tie in ties:
        for one, other in ((tie.one, tie.other), (tie.other, tie.one)):
            if len(found[one]) < _NAMED_WITH:
                found[one].append((by_id[other], tie.thread_count))
    return found
