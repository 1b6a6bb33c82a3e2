"""What costs nothing: handles out of the mail a contact wrote."""

from datetime import datetime
from typing import Final

from headrace import Connection, Transaction
from headrace_crm.enrichment.contact import Contact
from headrace_crm.enrichment.handle_store import handles_of, recent_words, write_handles
from headrace_crm.enrichment.handles import ASK_FROM, find_handles, linkedin_link, surest
from headrace_crm.enrichment.profile import Asked, Claim, Field, Handle, Network
from headrace_crm.enrichment.recording import merge_again
from headrace_crm.enrichment.store import EnrichmentStore
from headrace_crm.mail.reply_text import read_reply

_MESSAGES: Final = 5


async def discover_handles(tx: Transaction, contact: Contact, *, now: datetime) -> bool:
    """Reads a locked contact's newest mail for handles and stores them; True where its profile changed."""
    found: list[Handle] = []
    for message_id, body in await recent_words(tx.connection, contact.id, limit=_MESSAGES):
        reply = read_reply(body)
        found += find_handles(reply.text, reply.signature, name=contact.name, evidence=f"message {message_id}")
    await write_handles(tx.connection, contact.id, contact.owner_id, "signature", surest(found), now=now)
    own = [handle for origin, handle in await handles_of(tx.connection, contact.id) if origin == "signature"]
    claims: dict[Field, Claim] = {}
    # The surest last, so that it stays.
    for handle in reversed(own):
        match handle.network:
            case "x":
                claims["x_handle"] = Claim(handle.handle, handle.confidence)
            case "linkedin":
                claims["linkedin_url"] = Claim(linkedin_link(handle.handle), handle.confidence)
    store = EnrichmentStore(tx.connection, contact.id)
    is_other = await store.write_claims("signature", "found", claims, asked_for="", now=now, due_at=None)
    return is_other and await merge_again(tx, contact, now=now)


async def best_handle(connection: Connection, contact: Contact, network: Network, *, besides: Asked) -> Handle | None:
    """The surest handle of a contact, if it is sure enough to be asked about; what `besides` said does not count."""
    for origin, handle in await handles_of(connection, contact.id):
        if handle.network == network and origin != besides and handle.confidence >= ASK_FROM:
            return handle
    return None
