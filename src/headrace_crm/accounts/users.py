"""What happens to users: those whose mail it is, and those who log in to the pages.

No event has an address or a name: rows have them, which may be erased, and an event's actor says who acted.
"""

from typing import Literal
from uuid import UUID

import msgspec

from headrace import Stream, event


@event("user.signed_up", version=1)
class UserSignedUp(msgspec.Struct, frozen=True):
    """An owner is here for the first time: a mailbox is to be imported, or was linked. `address_count` are theirs."""

    owner_id: UUID
    address_count: int


@event("user.profile_updated", version=1)
class UserProfileUpdated(msgspec.Struct, frozen=True):
    """An owner is known by so many more addresses: mail from and to these is judged again."""

    owner_id: UUID
    added_count: int


@event("user.signed_in", version=1)
class UserSignedIn(msgspec.Struct, frozen=True):
    """Somebody logged in to the pages with this token; the event's actor has its name."""

    token_id: UUID
    role: Literal["viewer", "operator", "admin"]


@event("user.signed_out", version=1)
class UserSignedOut(msgspec.Struct, frozen=True):
    """Somebody logged out, or logged in anew in the same browser. A session that merely runs out tells nothing."""

    token_id: UUID


USER_EVENTS: tuple[type, ...] = (UserSignedUp, UserProfileUpdated, UserSignedIn, UserSignedOut)


def user_stream(owner_id: UUID) -> Stream:
    """The stream of what happens to one owner."""
    return Stream("user", str(owner_id))


def token_stream(token_id: UUID) -> Stream:
    """The stream of the sessions that were begun with one token."""
    return Stream("token", str(token_id))
