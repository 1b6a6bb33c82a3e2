"""What costs nothing: handles and facts out of the mail that contacts wrote."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Connection, Transaction
from headrace_crm.enrichment.contact import Contact, lock_contacts
from headrace_crm.enrichment.handle_store import handles_of, write_handles
from headrace_crm.enrichment.handles import ASK_FROM, find_handles, linkedin_link, surest
from headrace_crm.enrichment.letters import Letter, newest_letters, read_before
from headrace_crm.enrichment.profile import Asked, Claim, Field, Handle, Network
from headrace_crm.enrichment.recording import compare_soon, merge_again
from headrace_crm.enrichment.signatures.facts import NOTHING
from headrace_crm.enrichment.signatures.read import read_signature
from headrace_crm.enrichment.signatures.sender import Sender
from headrace_crm.enrichment.signed import Signed, claims_of
from headrace_crm.enrichment.store import EnrichmentStore
from headrace_crm.mail.reply_text import read_reply

_MESSAGES: Final = 5


async def read_mail_of(tx: Transaction, contact_ids: Sequence[UUID]) -> None:
    """Reads the newest mail of contacts for handles and facts, and stores what it says.

    Nothing is written about those in whose mail there is nothing, and was nothing before.
    """
    contacts = await lock_contacts(tx.connection, contact_ids)
    letters = await newest_letters(tx.connection, contact_ids, limit=_MESSAGES)
    had = await read_before(tx.connection, contact_ids)
    for contact in contacts:
        own = letters[contact.id]
        handles, claims = read_letters(own, name=contact.name, addresses=contact.addresses)
        # Who has no letters any more, since a split took them, has nothing that they said either.
        if handles or claims or contact.id in had:
            await _store(tx, contact, handles, claims, now=own[0].sent_at if own else had[contact.id])


async def read_mail(tx: Transaction, contact: Contact, *, now: datetime) -> bool:
    """Reads the newest mail of one locked contact; True where its profile changed.

    What is found is of the moment the newest message was sent, or of `now` where there is none any more.
    """
    own = (await newest_letters(tx.connection, [contact.id], limit=_MESSAGES))[contact.id]
    handles, claims = read_letters(own, name=contact.name, addresses=contact.addresses)
    return await _store(tx, contact, handles, claims, now=own[0].sent_at if own else now)


def read_letters(
    letters: Sequence[Letter], *, name: str, addresses: Sequence[str]
) -> tuple[list[Handle], dict[Field, Claim]]:
    """What the messages of one person say of them, the newest first: handles, the surest first, and claims.

    `name` and `addresses` are the contact's; those in a message's own header come before them.
    """
    email = next(iter(addresses), "")
    handles: list[Handle] = []
    signed: list[Signed] = []
    for letter in letters:
        reply = read_reply(letter.body)
        handles += find_handles(reply.text, reply.signature, name=name, evidence=letter.evidence)
        facts = read_signature(reply.text, reply.signature, Sender(letter.name or name, letter.email or email))
        if facts != NOTHING:
            signed.append(Signed(facts, letter.evidence))
    return surest(handles), claims_of(signed, name=name, own=addresses)


async def best_handle(connection: Connection, contact: Contact, network: Network, *, besides: Asked) -> Handle | None:
    """The surest handle of a contact, if it is sure enough to be asked about; what `besides` said does not count."""
    for origin, handle in await handles_of(connection, contact.id):
        if handle.network == network and origin != besides and handle.confidence >= ASK_FROM:
            return handle
    return None


async def _store(
    tx: Transaction, contact: Contact, handles: Sequence[Handle], claims: dict[Field, Claim], *, now: datetime
) -> bool:
    await write_handles(tx.connection, contact.id, contact.owner_id, "signature", handles, now=now)
    own = [handle for origin, handle in await handles_of(tx.connection, contact.id) if origin == "signature"]
    # The surest last, so that it stays.
    for handle in reversed(own):
        match handle.network:
            case "x":
                claims["x_handle"] = Claim(handle.handle, handle.confidence, handle.evidence)
            case "linkedin":
                claims["linkedin_url"] = Claim(linkedin_link(handle.handle), handle.confidence, handle.evidence)
    store = EnrichmentStore(tx.connection, contact.id)
    is_other = await store.write_claims("signature", "found", claims, asked_for="", now=now, due_at=None)
    if is_other:
        await compare_soon(tx, contact, claims)
    return is_other and await merge_again(tx, contact, now=now)
