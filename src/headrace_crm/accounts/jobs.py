"""The account jobs of the CRM, registered on an app."""

from headrace import Headrace
from headrace_crm.accounts.access import AccessTokens
from headrace_crm.accounts.events import ACCOUNT_EVENTS


def register(app: Headrace, *, tokens: AccessTokens) -> None:
    """Registers the events of accounts."""
    app.register(*ACCOUNT_EVENTS)
    _ = tokens
