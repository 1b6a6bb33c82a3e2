"""Linked mailboxes: what each needs, how far it is mirrored, and what can be done about it."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace import Headrace, SecretKeyError
from headrace.console import Problem, ProblemError, form_of, principal_of, recorded, redirect, render
from headrace_crm.accounts import store
from headrace_crm.accounts.model import AccountNotFoundError, NeedsSignInError, UnlinkedError
from headrace_crm.accounts.oauth import OAuthError
from headrace_crm.accounts.unlinking import unlink
from headrace_crm.config import GoogleSettings
from headrace_crm.mail.sync.progress import read_progress
from headrace_crm.mail.sync.steering import (
    NotMirroredError,
    pause_listing,
    read_standing,
    resume_listing,
    start_sync,
)
from headrace_crm.web.pages import wording
from headrace_crm.web.pages.reader import require_operator, require_reader

_PAGE: Final = 50
_PATH: Final = "/crm/accounts"

SAID: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sync": "A worker looks at the mailbox as soon as one is free.",
        "pause": "Older mail is not listed any more; what is new still comes in.",
        "resume": "Older mail is listed on from where it was.",
        "unlink": "It is unlinked, and its access at Google revoked. Mail that was read stays.",
    }
)


_DEEDS: Final[Mapping[str, Callable[[Headrace, UUID], Awaitable[object]]]] = MappingProxyType(
    {"sync": start_sync, "pause": pause_listing, "resume": resume_listing}
)


class AccountPages:
    """The list of mailboxes and the page of one; viewers look, operators link, steer and unlink."""

    def __init__(self, app: Headrace, google: GoogleSettings) -> None:
        self._app = app
        self._google = google

    def routes(self) -> list[Route]:
        one = "/accounts/{account_id:uuid}"
        return [
            Route("/accounts", self.list, methods=["GET"]),
            Route(one, self.show, methods=["GET"]),
            Route(f"{one}/act", self.act, methods=["POST"]),
            Route(f"{one}/unlink", self.ask_to_unlink, methods=["GET"]),
            Route(f"{one}/unlink", self.unlink, methods=["POST"]),
        ]

    async def list(self, request: Request) -> Response:
        """A page of the mailboxes in the order they were linked, each with how far it is."""
        require_reader(request)
        after = _uuid(request.query_params.get("after", ""))
        async with self._app.pool.acquire() as connection:
            accounts = await store.list_accounts(connection, after=after, limit=_PAGE)
            progress = await read_progress(connection, [one.id for one in accounts])
        return render(
            request,
            "crm/accounts.html",
            accounts=accounts,
            progress=progress,
            after=after,
            following=accounts[-1].id if len(accounts) == _PAGE else None,
            has_client=bool(self._google.client_id),
            words=wording,
        )

    async def show(self, request: Request) -> Response:
        """One mailbox."""
        require_reader(request)
        account = await self._find(request)
        async with self._app.pool.acquire() as connection:
            progress = await read_progress(connection, [account.id])
        return render(
            request,
            "crm/account.html",
            account=account,
            standing=await read_standing(self._app, account.id),
            progress=progress.get(account.id),
            said=SAID.get(request.query_params.get("did", "")),
            words=wording,
        )

    async def act(self, request: Request) -> Response:
        """Has the mailbox looked at now, or the listing of older mail paused or gone on with."""
        require_operator(request)
        what = str((await form_of(request)).get("act", ""))
        if what not in _DEEDS:
            raise ProblemError(Problem(400, f"nothing is called {what!r:.60} that can be done to a mailbox"))
        account = await self._find(request)
        subject = {"account": account.email, "account_id": str(account.id)}
        async with recorded(self._app, request, principal_of(request), f"accounts.{what}", subject) as record:
            try:
                await _DEEDS[what](self._app, account.id)
            except (NotMirroredError, NeedsSignInError, UnlinkedError) as error:
                record.status = 409
                failure = str(error)
            else:
                record.status = 303
                return redirect(request, f"{_PATH}/{account.id}", {"did": what})
        raise ProblemError(Problem(409, failure))

    async def ask_to_unlink(self, request: Request) -> Response:
        """What unlinking does, before it is done."""
        require_operator(request)
        account = await self._find(request)
        return render(
            request,
            "crm/unlink.html",
            account=account,
            standing=await read_standing(self._app, account.id),
            words=wording,
        )

    async def unlink(self, request: Request) -> Response:
        """Unlinks a mailbox."""
        require_operator(request)
        account_id: UUID = request.path_params["account_id"]
        principal = principal_of(request)
        subject = {"account_id": str(account_id)}
        async with recorded(self._app, request, principal, "accounts.unlink", subject) as record:
            try:
                done = await unlink(self._app, self._google, account_id, by=principal.name)
            except AccountNotFoundError as error:
                record.status = 404
                failure = str(error)
            except (OAuthError, SecretKeyError) as error:
                record.status = 502
                failure = f"{error}; the account gives out no token any more, and unlinking is tried again by itself"
            else:
                record.subject["account"] = done.email
                record.status = 303
                return redirect(request, f"{_PATH}/{account_id}", {"did": "unlink"})
        raise ProblemError(Problem(record.status, failure))

    async def _find(self, request: Request) -> store.Account:
        async with self._app.pool.acquire() as connection:
            try:
                return await store.get_account(connection, request.path_params["account_id"])
            except AccountNotFoundError:
                raise ProblemError(Problem(404, "no such mailbox is here; look in the list of accounts")) from None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
