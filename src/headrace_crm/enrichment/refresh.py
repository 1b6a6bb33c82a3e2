"""Finds contacts of whom a source is to be asked again."""

from datetime import datetime
from typing import Final

from headrace import Transaction, Unique, statement
from headrace_crm.enrichment.kinds import ENRICHMENT_KIND, EnrichContact
from headrace_crm.enrichment.sources import Sources

_PACKAGE: Final = "headrace_crm.enrichment"
CONTACTS_AT_ONCE: Final = 500


async def refresh_due(tx: Transaction, sources: Sources, *, now: datetime) -> int:
    """Enqueues the enrichment of up to `CONTACTS_AT_ONCE` contacts, longest due first, by the sources that are on."""
    if not sources.on:
        return 0
    rows = await tx.fetch(statement(_PACKAGE, "due_contacts"), now, list(sources.on), CONTACTS_AT_ONCE)
    wanted = [EnrichContact(row["contact_id"]) for row in rows]
    await tx.enqueue_many(
        ENRICHMENT_KIND, wanted, uniques=[Unique(args.key, scope="waiting") for args in wanted], priority="low"
    )
    return len(wanted)
