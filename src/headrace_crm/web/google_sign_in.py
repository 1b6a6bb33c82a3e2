"""Linking a mailbox in the browser: the way to Google, and the way back."""

from typing import Final, Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from headrace import Headrace
from headrace.console import Principal, Problem, ProblemError, recorded
from headrace_crm.accounts.linking import finish_sign_in
from headrace_crm.accounts.oauth import OAuthError
from headrace_crm.accounts.signing_in import LinkError, SignIn
from headrace_crm.config import GoogleSettings
from headrace_crm.mail.owners import OwnerError, claim_owner, read_owner_addresses
from headrace_crm.web import sign_in_cookie
from headrace_crm.web.entrance import Entrance

ACCOUNTS: Final = "/crm/accounts"


class Telling(Protocol):
    """Makes a page of a template, for whoever asks."""

    def __call__(self, request: Request, template: str, *, status: int, reason: str) -> Response: ...


class GoogleSignIn:
    """The routes of a sign-in, for operators that `entrance` lets in; `tell` makes the page where it failed.

    They are beside the console: Google sends browsers back without anything that says who they are.
    """

    def __init__(
        self, app: Headrace, google: GoogleSettings, entrance: Entrance, *, public_url: str, tell: Telling
    ) -> None:
        self._app = app
        self._google = google
        self._entrance = entrance
        self._public_url = public_url.rstrip("/")
        self._tell = tell

    def routes(self) -> list[Route]:
        return [
            Route("/accounts", _to_accounts, methods=["GET"], name="accounts"),
            Route("/accounts/google/link", self.begin, methods=["GET"], name="link_google"),
            Route("/accounts/google/callback", self.finish, methods=["GET"], name="google_callback"),
        ]

    async def begin(self, request: Request) -> Response:
        """Sends an operator to Google; `owner` names further addresses of the owner, `email` the one to offer."""
        principal = await self._entrance.require(request, "operator")
        given = request.query_params.getlist("owner")
        try:
            sign_in = SignIn.begin(
                self._callback(request), owner_addresses=read_owner_addresses(given) if given else ()
            )
            response = RedirectResponse(
                sign_in.url(self._google, email=request.query_params.get("email")), status_code=303
            )
            await sign_in_cookie.keep(
                response, request, self._app.key_service(), sign_in, principal, now=self._app.clock.now()
            )
        except (LinkError, OwnerError) as error:
            raise ProblemError(Problem(400, str(error))) from error
        return response

    async def finish(self, request: Request) -> Response:
        """What Google sends the browser back to."""
        try:
            sign_in, principal = await sign_in_cookie.kept(request, self._app.key_service(), now=self._app.clock.now())
            code = sign_in.code(request.query_params)
            response = await self._link(request, principal, sign_in, code)
        except LinkError as error:
            response = self._refused(request, 400, error)
        sign_in_cookie.forget(response)
        return response

    async def _link(self, request: Request, principal: Principal, sign_in: SignIn, code: str) -> Response:
        async with recorded(self._app, request, principal, "accounts.link", {"provider": "google"}) as record:
            try:
                linked = await finish_sign_in(self._app, self._google, sign_in, code, claim_owner=claim_owner)
            except (LinkError, OwnerError, OAuthError) as error:
                record.status = 502 if isinstance(error, OAuthError) else 400
                return self._refused(request, record.status, error)
            record.subject["account"] = linked.email
            record.status = 303
        return await _to_accounts(request)

    def _refused(self, request: Request, status: int, error: Exception) -> Response:
        return self._tell(request, "crm/refused.html", status=status, reason=str(error))

    def _callback(self, request: Request) -> str:
        # Whatever host a request claims, Google sends people to no address that is not entered there.
        if self._public_url:
            return self._public_url + request.app.url_path_for("google_callback")
        return str(request.url_for("google_callback"))


async def _to_accounts(request: Request) -> Response:
    return RedirectResponse(request.scope.get("root_path", "").rstrip("/") + ACCOUNTS, status_code=303)
