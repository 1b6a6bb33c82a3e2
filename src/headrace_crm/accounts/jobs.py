"""The account jobs of the CRM, registered on an app."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from headrace import Cancel, Headrace, Job, Retry
from headrace_crm.accounts.access import AccessTokens
from headrace_crm.accounts.events import ACCOUNT_EVENTS
from headrace_crm.accounts.model import AccountError
from headrace_crm.accounts.oauth import OAuthError
from headrace_crm.accounts.push_intake import forget_pushes
from headrace_crm.accounts.refreshing import Refreshed, refresh_all
from headrace_crm.accounts.users import USER_EVENTS
from headrace_crm.config import GoogleSettings

REFRESH_KIND: Final = "refresh-oauth-tokens"
FORGET_KIND: Final = "forget-pushes"
EVERY: Final = timedelta(minutes=5)


def register(app: Headrace, *, google: GoogleSettings, tokens: AccessTokens) -> None:
    """Registers the events of accounts, `refresh-oauth-tokens` with its schedule, and what an account's end means.

    Whatever job meets an account that cannot be used is cancelled; one that meets a Google out of reach is tried again
    when Google wants it to.
    """
    app.register(*ACCOUNT_EVENTS, *USER_EVENTS)
    app.middleware(EndWithTheAccount())

    @app.job(REFRESH_KIND, queue="accounts", max_attempts=3)
    async def refresh_oauth_tokens() -> Refreshed:
        return await refresh_all(app, google, tokens)

    @app.job(FORGET_KIND, queue="accounts", max_attempts=3)
    async def forget_old_pushes() -> int:
        return await forget_pushes(app)

    _ = refresh_oauth_tokens, forget_old_pushes
    # A turn that was missed is made up for by the next one: they all look at everything.
    app.schedule(REFRESH_KIND, REFRESH_KIND, every=EVERY, catch_up="last")
    app.schedule(FORGET_KIND, FORGET_KIND, every=timedelta(hours=1))


class EndWithTheAccount:
    """Ends the jobs of an account that needs a sign-in or was unlinked: trying again would not help."""

    async def around_attempt(self, job: Job, call_next: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ARG002 - as it is called
        try:
            return await call_next()
        except AccountError as error:
            raise Cancel(str(error)) from error
        except OAuthError as error:
            if error.retry_after is None:
                raise
            raise Retry(str(error), after=error.retry_after) from error
