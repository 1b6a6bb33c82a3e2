"""The projection `user_activity`, registered on an app: a row for each owner and day (UTC)."""

from typing import Final

from headrace import Headrace, statement
from headrace_crm.contacts.events import ContactCreated, ContactRemoved, InteractionRecorded, InteractionRetracted
from headrace_crm.mail.events import EmailReceived, EmailSent

PROJECTION: Final = "user_activity"

_PACKAGE: Final = "headrace_crm.activity"


def register(app: Headrace) -> None:
    """Registers the projection; it is read as the view `crm.user_activity`."""
    app.projection(
        PROJECTION,
        EmailSent,
        EmailReceived,
        ContactCreated,
        ContactRemoved,
        InteractionRecorded,
        InteractionRetracted,
        ddl=statement(_PACKAGE, "make_activity"),
        schema="crm",
    ).sql(statement(_PACKAGE, "fold_activity"))
