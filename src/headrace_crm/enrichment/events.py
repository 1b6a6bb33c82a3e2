"""What enrichment tells: that what is known of a contact has changed."""

from uuid import UUID

import msgspec

from headrace import event
from headrace_crm.enrichment.profile import Source


@event("contact.enriched", version=1)
class ContactEnriched(msgspec.Struct, frozen=True):
    """Fields of a contact's profile changed, by value or by source; the profile itself has the values.

    Values are left out on purpose: a person who is forgotten is not to be found in the log.
    """

    contact_id: UUID
    owner_id: UUID
    changed: tuple[str, ...]
    sources: tuple[Source, ...]
    """The sources that now have the last word on some field."""
