"""The projection `user_activity`, registered on an app: a row for each owner and day (UTC)."""

from typing import Final

from headrace import Headrace
from headrace_crm.contacts.events import ContactCreated, ContactRemoved, InteractionRecorded, InteractionRetracted
from headrace_crm.mail.events import EmailReceived, EmailSent

PROJECTION: Final = "user_activity"

_TABLE: Final = """
CREATE TABLE user_activity (
    owner_id      uuid,
    day           date,
    emails        bigint NOT NULL,
    contacts      bigint NOT NULL,
    interactions  bigint NOT NULL,
    PRIMARY KEY (owner_id, day)
)
"""

# What is retracted was told of at the day it had happened, so it leaves the day it was counted in.
_FOLD: Final = """
INSERT INTO user_activity AS known
SELECT (data->>'owner_id')::uuid, (occurred_at AT TIME ZONE 'UTC')::date,
       count(*) FILTER (WHERE type IN ('email.sent', 'email.received')),
       count(*) FILTER (WHERE type = 'contact.created') - count(*) FILTER (WHERE type = 'contact.removed'),
       count(*) FILTER (WHERE type = 'interaction.recorded') - count(*) FILTER (WHERE type = 'interaction.retracted')
FROM batch GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (owner_id, day) DO UPDATE
SET emails = known.emails + excluded.emails, contacts = known.contacts + excluded.contacts,
    interactions = known.interactions + excluded.interactions
"""


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
        ddl=_TABLE,
        schema="crm",
    ).sql(_FOLD)
