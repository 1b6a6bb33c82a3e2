"""Contacts joined and split with everything sources said of them; what a joining added, a split takes back."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from headrace import Connection, Transaction, statement
from headrace_crm.contacts.joining import merge_contacts, split_contact
from headrace_crm.enrichment.contact import Contact, lock_contacts
from headrace_crm.enrichment.profile import Claim, Field
from headrace_crm.enrichment.recording import merge_again
from headrace_crm.enrichment.store import EnrichmentStore
from headrace_crm.mail.owners import lock_owner

_PACKAGE: Final = "headrace_crm.enrichment"


class _Entered(msgspec.Struct, frozen=True):
    """What a user entered about a contact, and when; nothing, where `fetched_at` is None."""

    source: str = "user"
    claims: dict[Field, Claim] = msgspec.field(default_factory=dict[Field, Claim])
    fetched_at: datetime | None = None


_said: Final = msgspec.json.Decoder(list[_Entered])


async def unite(
    tx: Transaction, owner_id: UUID, contact_id: UUID, merged_id: UUID, *, evidence: Sequence[str] = (), now: datetime
) -> None:
    """Joins a contact to another, which keeps its id, its answers and what was entered, and gets what it lacks.

    Without evidence because a user said so.
    Interactions, stats and scores follow by `contact-extraction`, which it enqueues. Raises JoiningError.
    """
    await lock_owner(tx.connection, owner_id)
    contacts = {each.id: each for each in await lock_contacts(tx.connection, [contact_id, merged_id])}
    brought = await merge_contacts(tx, owner_id, contact_id, merged_id, evidence=evidence, now=now)
    await _run(tx.connection, "keep_merge", owner_id, contact_id, merged_id, list(brought), now, list(evidence))
    entered = _together(await _entered(tx.connection, contact_id), await _entered(tx.connection, merged_id))
    await _run(tx.connection, "carry_answers", contact_id, merged_id)
    await _enter(tx, contacts[contact_id], entered, now=now)


async def divide(
    tx: Transaction, owner_id: UUID, contact_id: UUID, addresses: Collection[str], *, now: datetime
) -> UUID:
    """Makes addresses of a contact one of their own, and returns its id.

    Where a joining had brought just these, the new contact gets back what sources had said, and what was entered,
    before; and the other loses what it had of that. Raises JoiningError.
    """
    await lock_owner(tx.connection, owner_id)
    locked = {each.id: each for each in await lock_contacts(tx.connection, [contact_id])}
    new_id = await split_contact(tx, owner_id, contact_id, addresses, now=now)
    wanted = [address.strip().lower() for address in addresses]
    row = await tx.connection.fetchrow(statement(_PACKAGE, "merge_with"), contact_id, wanted)
    if row is not None:
        await _run(tx.connection, "give_answers_back", row["id"], new_id)
        await _run(tx.connection, "drop_carried_answers", row["id"])
        entered = _left(
            await _entered(tx.connection, contact_id), kept=_of_user(row["kept"]), merged=_of_user(row["merged"])
        )
        await _run(tx.connection, "forget_merge", row["id"])
        await _enter(tx, locked[contact_id], entered, now=now)
        (divided,) = await lock_contacts(tx.connection, [new_id])
        await merge_again(tx, divided, now=now)
    return new_id


def _together(kept: _Entered, merged: _Entered) -> _Entered:
    times = [each.fetched_at for each in (kept, merged) if each.fetched_at is not None]
    claims: dict[Field, Claim] = {**merged.claims, **kept.claims}
    return _Entered(claims=claims, fetched_at=max(times, default=None))


def _left(entered: _Entered, *, kept: _Entered, merged: _Entered) -> _Entered:
    """What stays of the entered fields: not what the joining added and nobody has changed since."""
    left: dict[Field, Claim] = dict(entered.claims)
    for name, claim in merged.claims.items():
        if name not in kept.claims and left.get(name) == claim:
            del left[name]
    return _Entered(claims=left, fetched_at=kept.fetched_at if left == kept.claims else entered.fetched_at)


def _of_user(text: str) -> _Entered:
    return next((each for each in _said.decode(text) if each.source == "user"), _Entered())


async def _entered(connection: Connection, contact_id: UUID) -> _Entered:
    answer = (await EnrichmentStore(connection, contact_id).answers()).get("user")
    return _Entered() if answer is None else _Entered(claims=dict(answer.claims), fetched_at=answer.fetched_at)


async def _enter(tx: Transaction, contact: Contact, entered: _Entered, *, now: datetime) -> None:
    store = EnrichmentStore(tx.connection, contact.id)
    if entered.claims or "user" in await store.answers():
        at = entered.fetched_at or now
        await store.write_claims("user", "found", entered.claims, asked_for="", now=at, due_at=None)
    await merge_again(tx, contact, now=now)


async def _run(connection: Connection, name: str, *args: object) -> None:
    await connection.execute(statement(_PACKAGE, name), *args)
