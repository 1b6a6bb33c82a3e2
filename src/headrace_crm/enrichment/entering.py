"""What the user enters about a contact, which nothing a provider says takes the place of."""

from collections.abc import Mapping
from datetime import datetime

from headrace import Transaction
from headrace_crm.enrichment.contact import Contact
from headrace_crm.enrichment.profile import FIELDS, Claim, Field, Value, claim_texts
from headrace_crm.enrichment.recording import compare_soon, merge_again
from headrace_crm.enrichment.store import EnrichmentStore
from headrace_crm.errors import CrmError


class UnknownFieldError(CrmError):
    """A profile has no such field; the message lists those it has."""

    def __init__(self, name: str) -> None:
        super().__init__(f"a profile has no field {name!r}; it has {', '.join(FIELDS)}")
        self.name = name


def require_field(name: str) -> Field:
    """The field of this name. Raises UnknownFieldError."""
    for field in FIELDS:
        if field == name:
            return field
    raise UnknownFieldError(name)


async def enter_fields(
    tx: Transaction, contact: Contact, values: Mapping[Field, Value | None], *, now: datetime
) -> bool:
    """Stores what the user knows about a locked contact; None or blank text takes a field back.

    True where the profile changed.
    """
    store = EnrichmentStore(tx.connection, contact.id)
    had = (await store.answers()).get("user")
    claims: dict[Field, Claim] = dict(had.claims) if had is not None else {}
    entered = claim_texts(1, dict(values))
    for field in values:
        claims.pop(field, None)
    claims.update(entered)
    await store.write_claims("user", "found", claims, asked_for="", now=now, due_at=None)
    await compare_soon(tx, contact, entered)
    return await merge_again(tx, contact, now=now)
