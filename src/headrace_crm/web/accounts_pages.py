"""Accounts in the browser: which there are, linking one at Google, unlinking one."""

from typing import Final
from uuid import UUID

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from headrace import Headrace, SecretKeyError
from headrace.console import Principal, Problem, ProblemError, recorded
from headrace_crm.accounts import store
from headrace_crm.accounts.linking import finish_sign_in
from headrace_crm.accounts.model import AccountNotFoundError
from headrace_crm.accounts.oauth import OAuthError
from headrace_crm.accounts.signing_in import LinkError, SignIn
from headrace_crm.accounts.unlinking import unlink
from headrace_crm.config import GoogleSettings
from headrace_crm.mail.owners import OwnerError, claim_owner, read_owner_addresses
from headrace_crm.web import sign_in_cookie
from headrace_crm.web.entrance import Entrance

_MOST: Final = 1000


class AccountsPages:
    """The pages, for those who `entrance` lets in: viewers look, operators link and unlink."""

    def __init__(self, app: Headrace, google: GoogleSettings, entrance: Entrance, *, public_url: str) -> None:
        self._app = app
        self._google = google
        self._entrance = entrance
        self._public_url = public_url.rstrip("/")
        self._pages = Environment(
            loader=PackageLoader("headrace_crm.web"), autoescape=select_autoescape(), trim_blocks=True
        )

    def routes(self) -> list[Route]:
        return [
            Route("/accounts", self.show, methods=["GET"], name="accounts"),
            Route("/accounts/google/link", self.begin, methods=["GET"], name="link_google"),
            Route("/accounts/google/callback", self.finish, methods=["GET"], name="google_callback"),
            Route("/accounts/{account_id:uuid}/unlink", self.unlink, methods=["POST"], name="unlink_account"),
        ]

    async def show(self, request: Request) -> Response:
        """The accounts, with what each needs."""
        principal = await self._entrance.require(request, "viewer")
        async with self._app.pool.acquire() as connection:
            accounts = await store.list_accounts(connection, limit=_MOST)
        return self._page("accounts.html", request, accounts=accounts, may_change=principal.may("operator"))

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
            response = self._page("refused.html", request, 400, reason=str(error))
        sign_in_cookie.forget(response)
        return response

    async def _link(self, request: Request, principal: Principal, sign_in: SignIn, code: str) -> Response:
        async with recorded(self._app, request, principal, "accounts.link", {"provider": "google"}) as record:
            try:
                linked = await finish_sign_in(self._app, self._google, sign_in, code, claim_owner=claim_owner)
            except (LinkError, OwnerError, OAuthError) as error:
                record.status = 502 if isinstance(error, OAuthError) else 400
                return self._page("refused.html", request, record.status, reason=str(error))
            record.subject["account"] = linked.email
            record.status = 303
        return self._to_accounts(request)

    async def unlink(self, request: Request) -> Response:
        """Unlinks an account, for an operator."""
        principal = await self._entrance.require(request, "operator")
        account_id: UUID = request.path_params["account_id"]
        subject = {"account_id": str(account_id)}
        async with recorded(self._app, request, principal, "accounts.unlink", subject) as record:
            try:
                await unlink(self._app, self._google, account_id, by=principal.name)
            except AccountNotFoundError as error:
                record.status = 404
                return Problem(404, str(error)).response()
            except (OAuthError, SecretKeyError) as error:
                record.status = 502
                return Problem(502, f"{error}; the account gives out no token any more").response()
            record.status = 303
        return self._to_accounts(request)

    def _to_accounts(self, request: Request) -> Response:
        return RedirectResponse(request.url_for("accounts").path, status_code=303)

    def _callback(self, request: Request) -> str:
        # Whatever host a request claims, Google sends people to no address that is not entered there.
        if self._public_url:
            return self._public_url + request.app.url_path_for("google_callback")
        return str(request.url_for("google_callback"))

    def _page(self, name: str, request: Request, status: int = 200, **values: object) -> Response:
        root = request.scope.get("root_path", "")
        return HTMLResponse(self._pages.get_template(name).render(root=root, **values), status)
