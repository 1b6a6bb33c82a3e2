"""A push of Gmail through Pub/Sub: that the mailbox of an address has changed.

Source: Gmail API guide "Configure push notifications", Pub/Sub "Push subscriptions".
"""

import base64
import binascii
from dataclasses import dataclass

import msgspec

_LONGEST_ID = 200
_LONGEST_EMAIL = 320


@dataclass(frozen=True, slots=True)
class Push:
    """What is used of it. It names a history id too; a sync goes on from its own, so that none is skipped."""

    message_id: str
    email: str


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    message_id: str
    data: str


class _Envelope(msgspec.Struct, frozen=True):
    message: _Message


class _Change(msgspec.Struct, frozen=True, rename="camel"):
    email_address: str


_envelope = msgspec.json.Decoder(_Envelope)
_change = msgspec.json.Decoder(_Change)


def read_push(body: bytes) -> Push | None:
    """The push in a request's body; None where it cannot be read."""
    try:
        message = _envelope.decode(body).message
        email = _change.decode(base64.b64decode(message.data)).email_address.strip().lower()
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        return None
    is_whole = 0 < len(message.message_id) <= _LONGEST_ID and 0 < len(email) <= _LONGEST_EMAIL
    return Push(message.message_id, email) if is_whole and "\0" not in message.message_id + email else None
