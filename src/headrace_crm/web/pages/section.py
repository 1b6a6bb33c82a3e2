"""The CRM's part of the console: its menu, and what answers there."""

from pathlib import Path
from typing import Final

from headrace import Headrace
from headrace.console import Entry, Section
from headrace_crm.web.pages.contacts import ContactPages

_HERE: Final = Path(__file__).parent


def crm_section(app: Headrace) -> Section:
    """The pages on an app's people, for a console that is mounted at the root, where the accounts' pages are."""
    return Section(
        name="crm",
        title="CRM",
        entries=[Entry("Contacts", "/crm/contacts"), Entry("Accounts", "/accounts")],
        routes=ContactPages(app).routes(),
        templates=_HERE / "templates",
        static=_HERE / "static",
    )
