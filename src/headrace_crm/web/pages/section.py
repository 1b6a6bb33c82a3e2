"""The CRM's part of the console: its menu, and what answers there."""

from pathlib import Path
from typing import Final

from headrace import Headrace
from headrace.console import Entry, Section
from headrace_crm.config import GoogleSettings
from headrace_crm.search.desk import Desk
from headrace_crm.web.pages.accounts import AccountPages
from headrace_crm.web.pages.activity import ActivityPage
from headrace_crm.web.pages.ask import AskPages
from headrace_crm.web.pages.contacts import ContactPages
from headrace_crm.web.pages.insights import InsightPages
from headrace_crm.web.pages.mailbox_values import mailbox_values
from headrace_crm.web.pages.messages import MessagePages
from headrace_crm.web.pages.relationship_map import MapPage
from headrace_crm.web.pages.search import SearchPage

_HERE: Final = Path(__file__).parent


def crm_section(app: Headrace, google: GoogleSettings, desk: Desk | None) -> Section:
    """The pages on an app's people and mail, for a console beside which a `GoogleSignIn` links mailboxes.

    Without a desk nothing is searched and nothing asked.
    """
    return Section(
        name="crm",
        title="CRM",
        entries=[
            Entry("Contacts", "/crm/contacts"),
            Entry("Insights", "/crm/insights"),
            Entry("Map", "/crm/map"),
            *(
                []
                if desk is None
                else [Entry("Search", "/crm/search", also=("/crm/messages",)), Entry("Ask", "/crm/ask")]
            ),
            Entry("Activity", "/crm/activity"),
            Entry("Accounts", "/crm/accounts"),
        ],
        routes=[
            *ContactPages(app).routes(),
            *InsightPages(app).routes(),
            *MapPage(app).routes(),
            *([] if desk is None else [*SearchPage(app, desk).routes(), *AskPages(app, desk).routes()]),
            *MessagePages(app).routes(),
            *ActivityPage(app).routes(),
            *AccountPages(app, google).routes(),
        ],
        templates=_HERE / "templates",
        static=_HERE / "static",
        live=mailbox_values,
    )
