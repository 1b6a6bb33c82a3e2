"""Whose mail it is: an owner's addresses, and what scores take for now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias, assert_never
from uuid import UUID

from headrace import Connection, Transaction, bind, statement, uuid7
from headrace_crm.accounts.users import UserProfileUpdated, UserSignedUp, user_stream
from headrace_crm.errors import CrmError
from headrace_crm.mail.addresses import make_address

AsOf: TypeAlias = datetime | Literal["now", "latest"]
"""What scores take for now: one aware moment, the clock, or the owner's latest message."""

_PACKAGE: Final = "headrace_crm.mail"


class OwnerError(CrmError):
    """The owner's addresses cannot be used as given; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner as it was read; `addresses` are lower-cased."""

    id: UUID
    addresses: frozenset[str]


def read_owner_addresses(given: Iterable[str]) -> tuple[str, ...]:
    """Lower-case and check addresses as a person typed them, each once, in order.

    Raises OwnerError for none at all, and for what has no local part or no host.
    """
    found: dict[str, None] = {}
    for text in given:
        address = make_address(text, "")
        local, _, host = address.email.rpartition("@") if address else ("", "", "")
        if address is None or not local or not host:
            raise OwnerError(f"owner address {text!r} is no e-mail address; write it as name@example.org")
        found[address.email] = None
    if not found:
        raise OwnerError("an import needs the owner's addresses, got none; give at least one with --owner")
    return tuple(found)


async def claim_owner(tx: Transaction, addresses: Iterable[str]) -> UUID:
    """The owner of these addresses, locked to the end of the transaction; a new one where nobody has them.

    Addresses the owner did not have are added, and what was stored about them goes stale: the next
    extraction judges the messages that name them again. `user.signed_up` or `user.profile_updated` tells of it.
    Raises OwnerError where the addresses belong to several owners.
    """
    wanted, connection = read_owner_addresses(addresses), tx.connection
    # Two imports that begin at once with the same new address must not make two owners.
    await connection.execute(statement(_PACKAGE, "lock_owners"))
    owners = {row["owner_id"] for row in await connection.fetch(statement(_PACKAGE, "find_owners"), wanted)}
    if len(owners) > 1:
        raise OwnerError(
            f"the addresses {', '.join(wanted)} belong to {len(owners)} different owners; "
            "import with the addresses of one owner at a time"
        )
    is_new = not owners
    if is_new:
        owner_id = uuid7()
        await connection.execute(statement(_PACKAGE, "insert_owner"), owner_id)
    else:
        owner_id = owners.pop()
        await lock_owner(connection, owner_id)
    added: int = await connection.fetchval(statement(_PACKAGE, "add_owner_addresses"), owner_id, wanted)
    if added:
        told = UserSignedUp(owner_id, added) if is_new else UserProfileUpdated(owner_id, added)
        with bind(user_id=str(owner_id)):
            await tx.append(told, stream=user_stream(owner_id))
    return owner_id


async def find_owners(connection: Connection, addresses: Iterable[str]) -> list[UUID]:
    """The owners of these addresses. Raises OwnerError where nobody has any of them."""
    wanted = read_owner_addresses(addresses)
    owners = [row["owner_id"] for row in await connection.fetch(statement(_PACKAGE, "find_owners"), wanted)]
    if not owners:
        raise OwnerError(f"no mail of {', '.join(wanted)} was imported; `crm import` a mailbox with this --owner first")
    return owners


async def list_mailboxes(connection: Connection, *, limit: int) -> list[Owner]:
    """The owners there are, the first to have come first, unlocked."""
    rows = await connection.fetch(statement(_PACKAGE, "list_mailboxes"), limit)
    return [Owner(row["id"], frozenset(row["emails"])) for row in rows]


async def lock_owner(connection: Connection, owner_id: UUID) -> Owner:
    """Takes the lock on everything stored for an owner, to the end of the transaction.

    Raises OwnerError where the owner is gone.
    """
    row = await connection.fetchrow(statement(_PACKAGE, "lock_owner"), owner_id)
    if row is None:
        raise OwnerError(f"owner {owner_id} is gone; import the mailbox again")
    # A statement of its own: what the lock's last holder committed is seen from here on only.
    emails = await connection.fetch(statement(_PACKAGE, "list_owner_addresses"), owner_id)
    return Owner(owner_id, frozenset(email["email"] for email in emails))


async def set_as_of(connection: Connection, owner_id: UUID, as_of: AsOf) -> None:
    """Changes what the owner's scores take for now. Raises OwnerError for a naive moment."""
    kind, moment = as_of if isinstance(as_of, str) else "moment", None
    if isinstance(as_of, datetime):
        if as_of.tzinfo is None:
            raise OwnerError(f"as_of must be aware, got {as_of.isoformat()}; attach its time zone")
        moment = as_of
    await connection.execute(statement(_PACKAGE, "set_as_of"), owner_id, kind, moment)


async def owner_as_of(connection: Connection, owner_id: UUID, *, now: datetime) -> datetime:
    """What the owner's scores take for now, at `now`."""
    row = await connection.fetchrow(statement(_PACKAGE, "get_as_of"), owner_id)
    if row is None:
        return now
    kind: Literal["now", "latest", "moment"] = row["as_of_kind"]
    return await moment_of(connection, owner_id, row["as_of_at"] if kind == "moment" else kind, now=now)


async def takes_latest(connection: Connection, owner_id: UUID) -> bool:
    """Whether the owner's scores take the latest message for now: each message may move that."""
    row = await connection.fetchrow(statement(_PACKAGE, "get_as_of"), owner_id)
    return row is not None and row["as_of_kind"] == "latest"


async def moment_of(connection: Connection, owner_id: UUID, as_of: AsOf, *, now: datetime) -> datetime:
    """The moment that `as_of` means for an owner, at `now`."""
    if isinstance(as_of, datetime):
        return as_of
    match as_of:
        case "now":
            return now
        case "latest":
            return await latest_message_at(connection, owner_id, now=now)
        case _:
            assert_never(as_of)


async def latest_message_at(connection: Connection, owner_id: UUID, *, now: datetime) -> datetime:
    """When the owner's newest message was sent, so far as its date can be believed; `now` without any message.

    Where none can be believed, the newest of all: a moment that stands still, so that scores can be made for it.
    """
    return await connection.fetchval(statement(_PACKAGE, "latest_message_at"), owner_id, now) or now
