"""Asking in the browser: a question, its answer with what it rests on, and what was asked before."""

from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace import Headrace
from headrace.console import Problem, ProblemError, form_of, principal_of, recorded, redirect, render
from headrace_crm.mail.charset import clean_text
from headrace_crm.search.answers import drop_question, list_answers, read_answer
from headrace_crm.search.desk import Desk, Question
from headrace_crm.web.pages import wording
from headrace_crm.web.pages.citing import parts
from headrace_crm.web.pages.reader import mailbox_asked_for, mailbox_choices, require_operator, require_reader

LONGEST: Final = 1_000
_PAGE: Final = 20


class AskPages:
    """The form with what was asked before, and each answer; viewers read, operators ask and forget.

    A question is posted, and its answer an address of its own: to read it again asks nobody again.
    """

    def __init__(self, app: Headrace, desk: Desk) -> None:
        self._app = app
        self._desk = desk

    def routes(self) -> list[Route]:
        return [
            Route("/ask", self.form, methods=["GET"]),
            Route("/ask", self.ask, methods=["POST"]),
            Route("/ask/{query_id:uuid}", self.show, methods=["GET"]),
            Route("/ask/{query_id:uuid}/forget", self.forget, methods=["POST"]),
        ]

    async def form(self, request: Request) -> Response:
        """Where to ask, and a page of what was answered, newest first; `text` is put into the field."""
        require_reader(request)
        text = _question(request.query_params.get("text", ""))
        return await self._form(request, text=text)

    async def ask(self, request: Request) -> Response:
        """Answers a question, and leads to the answer."""
        require_operator(request)
        given = await form_of(request)
        text, mailbox = _question(str(given.get("text", ""))), str(given.get("mailbox", "")).lower()
        if not text:
            return await self._form(request, text="", problem="Write a question first.", status=400)
        async with self._app.pool.acquire() as connection:
            _, mailboxes = await mailbox_asked_for(request, connection)
        owner = next((owner for owner in mailboxes if mailbox and mailbox in owner.addresses), None)
        owners = () if owner is None else (min(owner.addresses),)
        async with recorded(self._app, request, principal_of(request), "questions.ask", {}) as record:
            answer = await self._desk.ask(Question(text=text, owners=owners))
            record.subject["question"] = str(answer.query_id)
            record.status = 303
        return redirect(request, f"/crm/ask/{answer.query_id}")

    async def show(self, request: Request) -> Response:
        """One answer, with the passages it rests on."""
        require_reader(request)
        async with self._app.pool.acquire() as connection:
            answer = await read_answer(connection, request.path_params["query_id"])
        if answer is None:
            raise ProblemError(Problem(404, "this question is not here any more; ask it again"))
        return render(
            request,
            "crm/answer.html",
            answer=answer,
            parts=parts(answer.text, {each.number for each in answer.citations}),
            words=wording,
        )

    async def forget(self, request: Request) -> Response:
        """Removes a question and its answer."""
        require_operator(request)
        query_id: UUID = request.path_params["query_id"]
        subject = {"question": str(query_id)}
        async with recorded(self._app, request, principal_of(request), "questions.forget", subject) as record:
            async with self._app.transaction() as tx:
                await drop_question(tx.connection, query_id)
            record.status = 303
        return redirect(request, "/crm/ask", {"did": "forget"})

    async def _form(self, request: Request, *, text: str, problem: str | None = None, status: int = 200) -> Response:
        before = _uuid(request.query_params.get("before", ""))
        async with self._app.pool.acquire() as connection:
            _, mailboxes = await mailbox_asked_for(request, connection)
            asked = await list_answers(connection, before=before, limit=_PAGE)
        return render(
            request,
            "crm/ask.html",
            status=status,
            text=text,
            problem=problem,
            longest=LONGEST,
            asked=asked,
            before=before,
            following=asked[-1].query_id if len(asked) == _PAGE else None,
            has_mail=bool(mailboxes),
            mailboxes=[("", "all"), *mailbox_choices(mailboxes)],
            said="It is forgotten." if request.query_params.get("did") == "forget" else None,
            words=wording,
        )


def _question(given: str) -> str:
    return clean_text(given).strip()[:LONGEST]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
