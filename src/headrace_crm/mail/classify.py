"""What a message is to its owner: sent or received, written by a person or in bulk, and whose interaction."""

from collections.abc import Callable
from typing import Literal

from headrace_crm.mail.lists import looks_like_list, looks_like_robot
from headrace_crm.mail.model import ParsedMessage

Direction = Literal["sent", "received", "other"]
InteractionKind = Literal["sent", "received"]


def direction(message: ParsedMessage, owners: frozenset[str]) -> Direction:
    """Tell who a message moved between; `owners` are the owner's addresses, lower-cased.

    `sent`: an owner wrote it, also to themselves. `received`: another wrote it and an owner is in To, Cc or
    Bcc. `other`: no owner is named, as in list mail and forwarded archives.
    """
    if message.sender is not None and message.sender.email in owners:
        return "sent"
    return "received" if any(address.email in owners for address in message.recipients) else "other"


def is_bulk(message: ParsedMessage, owners: frozenset[str]) -> bool:
    """True for mail no person wrote to the owner: robots, newsletters, list mail not meant for them.

    Never true for what an owner sent, nor for a discussion-list post that has an owner in To or Cc. A
    newsletter addressed straight to the owner is told by its bulk headers without any sign of a discussion.
    """
    sender = message.sender
    if sender is not None and sender.email in owners:
        return False
    if message.is_automated or (sender is not None and looks_like_robot(sender.email, sender.name)):
        return True
    if not (message.has_unsubscribe or message.is_precedence_bulk):
        return False
    return not _addresses_owner(message, owners) or not is_discussion(message)


def is_discussion(message: ParsedMessage) -> bool:
    """True when a message belongs to a conversation or went through a discussion list."""
    declared = frozenset(message.list_addresses)
    return (
        message.is_list_post
        or bool(message.in_reply_to or message.references)
        or any(address.email in declared or looks_like_list(address.email) for address in message.to + message.cc)
    )


def interactions(
    message: ParsedMessage, owners: frozenset[str], *, is_excluded: Callable[[str], bool]
) -> tuple[tuple[str, InteractionKind], ...]:
    """Return who the owner dealt with in this message, each address once, in the order of the headers.

    `sent`: From is an owner and the address is in To, Cc or Bcc. `received`: From is the address and an owner
    is in To or Cc. Owners, addresses without a host, and those `is_excluded` names (lists, robots) are left
    out. Bulk mail is the caller's to leave out, by `is_bulk`.
    """
    sender = message.sender
    if sender is None:
        return ()
    if sender.email in owners:
        found = dict.fromkeys(address.email for address in message.recipients)
        return tuple((email, "sent") for email in found if _is_somebody(email, owners, is_excluded))
    if _addresses_owner(message, owners) and _is_somebody(sender.email, owners, is_excluded):
        return ((sender.email, "received"),)
    return ()


def _addresses_owner(message: ParsedMessage, owners: frozenset[str]) -> bool:
    return any(address.email in owners for address in message.to + message.cc)


def _is_somebody(email: str, owners: frozenset[str], is_excluded: Callable[[str], bool]) -> bool:
    return "@" in email and email not in owners and not is_excluded(email)
