"""The CRM's web application, put together."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from headrace import Headrace
from headrace.console import Access, Authenticate, ProblemError, create_console
from headrace.console.access import OriginGuard, SecurityHeaders
from headrace_crm.accounts.push_intake import PushIntake
from headrace_crm.accounts.push_sender import PushSender
from headrace_crm.config import Settings
from headrace_crm.kit.signing_keys import SigningKeys
from headrace_crm.search.desk import Desk
from headrace_crm.web.clearbit_webhook import ClearbitWebhook
from headrace_crm.web.entrance import Entrance, answer_problem
from headrace_crm.web.gmail_push import GmailPush
from headrace_crm.web.google_sign_in import GoogleSignIn
from headrace_crm.web.pages import crm_section
from headrace_crm.web.public_path import PublicPath
from headrace_crm.web.push_counts import PushCounts
from headrace_crm.web.sessions import tell_session


def create_web(
    app: Headrace, settings: Settings, *, authenticate: Authenticate | None = None, desk: Desk | None = None
) -> Starlette:
    """An ASGI application on a CRM that is open, or that it opens and closes with the server.

    The console is at its root with the API, metrics and health, and the CRM's pages are under `/crm`. `authenticate`
    says who asks; None: who comes with a token of the app's database, or logs in with one. `desk` answers the page to
    search on; None for no such page.
    """
    access = Access(app, tell=tell_session)
    now = app.clock.now
    counts = PushCounts(app.telemetry, now=now)
    sender = PushSender(settings.google, keys=SigningKeys(settings.google.jwks_url, now=now), now=now)
    entrance = Entrance(authenticate or access.authenticate)
    clearbit = ClearbitWebhook(app, settings.enrichment)
    console = create_console(
        app,
        authenticate=authenticate,
        access=access,
        title="Headrace CRM",
        sections=[crm_section(app, settings.google, desk)],
    )
    sign_in = GoogleSignIn(app, settings.google, entrance, public_url=settings.web.public_url, tell=console.page)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        is_ours = not app.is_open
        if is_ours:
            await app.open()
        try:
            async with console.lifespan():
                yield
        finally:
            counts.tell()
            if is_ours:
                await app.close()

    web = Starlette(
        routes=[
            Mount(
                "/webhooks",
                routes=[
                    Route("/gmail", GmailPush(sender, PushIntake(app), counts), methods=["POST"], name="gmail_push"),
                    Route("/clearbit", clearbit.answer, methods=["POST"], name="clearbit_webhook"),
                ],
            ),
            *sign_in.routes(),
            Mount("/", console),
        ],
        middleware=[
            Middleware(PublicPath, prefix=settings.web.prefix),
            Middleware(SecurityHeaders),
            Middleware(OriginGuard),
        ],
        exception_handlers={ProblemError: answer_problem},
        lifespan=lifespan,
    )
    web.state.push_counts = counts
    return web
