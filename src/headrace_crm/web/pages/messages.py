"""One message as text: nothing of it is loaded, run or linked to."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace import Headrace
from headrace.console import Problem, ProblemError, redirect, render
from headrace_crm.contacts.letter_event import SEARCH, event_of_letter
from headrace_crm.contacts.letters import Letter, newest_of_thread, read_letter
from headrace_crm.search.store import passages_of_message
from headrace_crm.web.pages import wording
from headrace_crm.web.pages.reader import require_reader

_SHOWN: Final = 100_000
"""Characters of a body on a page; what is kept goes up to 200,000."""
_LARGEST_ID: Final = 2**63 - 1


class MessagePages:
    """The page of a message, on an open app."""

    def __init__(self, app: Headrace) -> None:
        self._app = app

    def routes(self) -> list[Route]:
        return [
            Route("/messages/{message_id:int}", self.show, methods=["GET"]),
            Route("/messages/{message_id:int}/event", self.event, methods=["GET"]),
            Route("/threads/{thread_id:int}", self.thread, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """A message: who is in it, what it says, its thread, and the passages it is found by."""
        letter = await self._find(request)
        async with self._app.pool.acquire() as connection:
            passages = await passages_of_message(connection, letter.id)
            event = await event_of_letter(connection, letter, now=self._app.clock.now())
        return render(
            request,
            "crm/message.html",
            letter=letter,
            text=letter.text[:_SHOWN],
            is_cut=len(letter.text) > _SHOWN,
            passages=passages,
            event=event,
            words=wording,
        )

    async def event(self, request: Request) -> Response:
        """To the event that told of a message, looked for longer than a page is waited for."""
        letter = await self._find(request)
        async with self._app.pool.acquire() as connection:
            event = await event_of_letter(connection, letter, now=self._app.clock.now(), patience=SEARCH)
        if event.position is not None:
            return redirect(request, f"/events/{event.position}")
        if event.is_awaited:
            raise ProblemError(
                Problem(404, "its event is not yet in the log: what was begun before it has to end first")
            )
        raise ProblemError(
            Problem(404, "no event of this message is found; it may have gone with its time, see the page Events")
        )

    async def thread(self, request: Request) -> Response:
        """To the newest message of a thread."""
        require_reader(request)
        newest = None
        if (thread_id := request.path_params["thread_id"]) <= _LARGEST_ID:
            async with self._app.pool.acquire() as connection:
                newest = await newest_of_thread(connection, thread_id)
        if newest is None:
            raise ProblemError(Problem(404, "this conversation is not here any more; search for it"))
        return redirect(request, f"/crm/messages/{newest}")

    async def _find(self, request: Request) -> Letter:
        require_reader(request)
        letter = None
        if (message_id := request.path_params["message_id"]) <= _LARGEST_ID:
            async with self._app.pool.acquire() as connection:
                letter = await read_letter(connection, message_id)
        if letter is None:
            raise ProblemError(Problem(404, "this message is not here any more; search for it"))
        return letter
